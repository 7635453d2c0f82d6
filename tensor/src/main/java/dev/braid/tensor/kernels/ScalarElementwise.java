package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getValue;
import static dev.braid.tensor.kernels.Addresses.setValue;

final class ScalarElementwise implements ElementwiseKernels {
    @Override
    public void convert(boolean sourceBf16, long source, boolean targetBf16, long target, int count) {
        for (int i = 0; i < count; i++) {
            setValue(targetBf16, target, i, getValue(sourceBf16, source, i));
        }
    }

    @Override
    public void add(boolean aBf16, long a, boolean bBf16, long b, boolean outBf16, long out, int count) {
        for (int i = 0; i < count; i++) {
            setValue(outBf16, out, i, getValue(aBf16, a, i) + getValue(bBf16, b, i));
        }
    }

    @Override
    public void addBias(boolean bf16, long y, long bias, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long start = (long) row * columns;
            for (int j = 0; j < columns; j++) {
                setValue(bf16, y, start + j, getValue(bf16, y, start + j) + getFloat(bias, j));
            }
        }
    }

    @Override
    public void scale(boolean bf16, long values, float factor, int count) {
        for (int i = 0; i < count; i++) {
            setValue(bf16, values, i, getValue(bf16, values, i) * factor);
        }
    }
}
