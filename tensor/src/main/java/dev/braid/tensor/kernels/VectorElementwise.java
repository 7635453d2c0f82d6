package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

final class VectorElementwise implements ElementwiseKernels {
    private static final int LANES = Species.LANES;

    @Override
    public void add(long a, long b, long out, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(load(a, i).add(load(b, i)), out, i);
        }
        for (; i < count; i++) {
            setFloat(out, i, getFloat(a, i) + getFloat(b, i));
        }
    }

    @Override
    public void addBias(long y, long bias, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long start = y + (long) row * columns * Float.BYTES;
            add(start, bias, start, columns);
        }
    }

    @Override
    public void scale(long values, float factor, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(load(values, i).mul(factor), values, i);
        }
        for (; i < count; i++) {
            setFloat(values, i, getFloat(values, i) * factor);
        }
    }
}
