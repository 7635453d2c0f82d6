package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getValue;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.Addresses.setValue;

final class ScalarRmsNorm implements RmsNormKernels {
    @Override
    public void forward(
            boolean bf16, long x, long weight, float epsilon, long y, long inverseRms, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long start = (long) row * columns;
            float squares = 0;
            for (int j = 0; j < columns; j++) {
                float value = getValue(bf16, x, start + j);
                squares += value * value;
            }
            float inverse = inverseRoot(squares, columns, epsilon);
            setFloat(inverseRms, row, inverse);
            for (int j = 0; j < columns; j++) {
                setValue(bf16, y, start + j, getValue(bf16, x, start + j) * inverse * getFloat(weight, j));
            }
        }
    }

    /** 1 / sqrt(squares / columns + epsilon). */
    static float inverseRoot(float squares, int columns, float epsilon) {
        return (float) (1.0 / Math.sqrt((double) squares / columns + epsilon));
    }

    @Override
    public void inputGradient(
            boolean bf16,
            long dy,
            long x,
            long weight,
            long inverseRms,
            long existing,
            long dx,
            int rows,
            int columns) {
        for (int row = 0; row < rows; row++) {
            long start = (long) row * columns;
            float inverse = getFloat(inverseRms, row);
            float dot = 0;
            for (int j = 0; j < columns; j++) {
                dot += getValue(bf16, dy, start + j) * getFloat(weight, j) * getValue(bf16, x, start + j);
            }
            float alongX = xCoefficient(dot, inverse, columns);
            for (int j = 0; j < columns; j++) {
                float base = existing == 0 ? 0 : getValue(bf16, existing, start + j);
                float gradient = getValue(bf16, dy, start + j) * getFloat(weight, j) * inverse;
                setValue(bf16, dx, start + j, base + (gradient - alongX * getValue(bf16, x, start + j)));
            }
        }
    }

    /** inverse^3 * dot / columns: how much of x is taken from the gradient. */
    static float xCoefficient(float dot, float inverse, int columns) {
        return (float) ((double) inverse * inverse * inverse * dot / columns);
    }

    @Override
    public void weightGradient(boolean bf16, long dy, long x, long inverseRms, long sums, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long start = (long) row * columns;
            float inverse = getFloat(inverseRms, row);
            for (int j = 0; j < columns; j++) {
                float term = getValue(bf16, dy, start + j) * (getValue(bf16, x, start + j) * inverse);
                setFloat(sums, j, getFloat(sums, j) + term);
            }
        }
    }
}
