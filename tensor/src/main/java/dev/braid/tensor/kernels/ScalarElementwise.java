package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;

final class ScalarElementwise implements ElementwiseKernels {
    @Override
    public void add(long a, long b, long out, int count) {
        for (int i = 0; i < count; i++) {
            setFloat(out, i, getFloat(a, i) + getFloat(b, i));
        }
    }

    @Override
    public void addBias(long y, long bias, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long start = (long) row * columns;
            for (int j = 0; j < columns; j++) {
                setFloat(y, start + j, getFloat(y, start + j) + getFloat(bias, j));
            }
        }
    }

    @Override
    public void scale(long values, float factor, int count) {
        for (int i = 0; i < count; i++) {
            setFloat(values, i, getFloat(values, i) * factor);
        }
    }
}
