package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getValue;
import static dev.braid.tensor.kernels.Addresses.setFloat;

final class ScalarReduction implements ReductionKernels {
    @Override
    public double sum(long values, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += getFloat(values, i);
        }
        return sum;
    }

    @Override
    public double squaredSum(long values, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            double value = getFloat(values, i);
            sum += value * value;
        }
        return sum;
    }

    @Override
    public void addRows(boolean bf16, long values, long sums, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long start = (long) row * columns;
            for (int j = 0; j < columns; j++) {
                setFloat(sums, j, getFloat(sums, j) + getValue(bf16, values, start + j));
            }
        }
    }
}
