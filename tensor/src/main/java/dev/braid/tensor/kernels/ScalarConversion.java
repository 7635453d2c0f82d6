package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getShort;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.Addresses.setShort;

import dev.braid.tensor.DType;

final class ScalarConversion implements ConversionKernels {
    @Override
    public void widen(long source, long target, int count) {
        widen(source, target, 0, count);
    }

    @Override
    public void narrow(long source, long target, int count) {
        narrow(source, target, 0, count);
    }

    /** Elements {@code from} until {@code to}; the vector kernel's tail uses it too. */
    static void widen(long source, long target, int from, int to) {
        for (int i = from; i < to; i++) {
            setFloat(target, i, DType.fromBf16(getShort(source, i)));
        }
    }

    /** As {@link #widen(long, long, int, int)}. */
    static void narrow(long source, long target, int from, int to) {
        for (int i = from; i < to; i++) {
            setShort(target, i, DType.toBf16(getFloat(source, i)));
        }
    }
}
