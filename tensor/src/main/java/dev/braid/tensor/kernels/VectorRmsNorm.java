package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

import jdk.incubator.vector.FloatVector;

final class VectorRmsNorm implements RmsNormKernels {
    private static final int LANES = Species.LANES;
    private static final int UNROLLED = 4 * LANES;

    @Override
    public void forward(long x, long weight, float epsilon, long y, long inverseRms, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long offset = (long) row * columns * Float.BYTES;
            float squares = VectorReduction.dot(x + offset, x + offset, columns);
            float inverse = ScalarRmsNorm.inverseRoot(squares, columns, epsilon);
            setFloat(inverseRms, row, inverse);
            scaleRow(x + offset, weight, inverse, y + offset, columns);
        }
    }

    private static void scaleRow(long x, long weight, float inverse, long y, int columns) {
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            store(load(x, j).mul(inverse).mul(load(weight, j)), y, j);
        }
        for (; j < columns; j++) {
            setFloat(y, j, getFloat(x, j) * inverse * getFloat(weight, j));
        }
    }

    @Override
    public void inputGradient(
            long dy, long x, long weight, long inverseRms, long existing, long dx, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long offset = (long) row * columns * Float.BYTES;
            float inverse = getFloat(inverseRms, row);
            float dot = weightedDot(dy + offset, weight, x + offset, columns);
            float alongX = ScalarRmsNorm.xCoefficient(dot, inverse, columns);
            if (existing == 0) {
                gradientRow(dy + offset, x + offset, weight, inverse, alongX, dx + offset, columns);
            } else {
                long base = existing + offset;
                gradientRow(dy + offset, x + offset, weight, inverse, alongX, base, dx + offset, columns);
            }
        }
    }

    /** Sum of a * weight * b. */
    private static float weightedDot(long a, long weight, long b, int columns) {
        FloatVector sum0 = FloatVector.zero(Species.FLOAT);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        int j = 0;
        for (; j <= columns - UNROLLED; j += UNROLLED) {
            sum0 = load(a, j).mul(load(weight, j)).fma(load(b, j), sum0);
            sum1 = load(a, j + LANES).mul(load(weight, j + LANES)).fma(load(b, j + LANES), sum1);
            sum2 = load(a, j + 2 * LANES).mul(load(weight, j + 2 * LANES)).fma(load(b, j + 2 * LANES), sum2);
            sum3 = load(a, j + 3 * LANES).mul(load(weight, j + 3 * LANES)).fma(load(b, j + 3 * LANES), sum3);
        }
        for (; j <= columns - LANES; j += LANES) {
            sum0 = load(a, j).mul(load(weight, j)).fma(load(b, j), sum0);
        }
        float sum = VectorMath.sum(sum0.add(sum1).add(sum2.add(sum3)));
        for (; j < columns; j++) {
            sum += getFloat(a, j) * getFloat(weight, j) * getFloat(b, j);
        }
        return sum;
    }

    private static void gradientRow(long dy, long x, long weight, float inverse, float alongX, long dx, int columns) {
        FloatVector minusAlongX = FloatVector.broadcast(Species.FLOAT, -alongX);
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            FloatVector gradient = load(dy, j).mul(load(weight, j)).mul(inverse);
            store(load(x, j).fma(minusAlongX, gradient), dx, j);
        }
        for (; j < columns; j++) {
            float gradient = getFloat(dy, j) * getFloat(weight, j) * inverse;
            setFloat(dx, j, gradient - alongX * getFloat(x, j));
        }
    }

    private static void gradientRow(
            long dy, long x, long weight, float inverse, float alongX, long existing, long dx, int columns) {
        FloatVector minusAlongX = FloatVector.broadcast(Species.FLOAT, -alongX);
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            FloatVector gradient = load(dy, j).mul(load(weight, j)).mul(inverse);
            store(load(existing, j).add(load(x, j).fma(minusAlongX, gradient)), dx, j);
        }
        for (; j < columns; j++) {
            float gradient = getFloat(dy, j) * getFloat(weight, j) * inverse;
            setFloat(dx, j, getFloat(existing, j) + (gradient - alongX * getFloat(x, j)));
        }
    }

    @Override
    public void weightGradient(long dy, long x, long inverseRms, long sums, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long offset = (long) row * columns * Float.BYTES;
            addProduct(dy + offset, x + offset, getFloat(inverseRms, row), sums, columns);
        }
    }

    private static void addProduct(long dy, long x, float inverse, long sums, int columns) {
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            store(load(dy, j).fma(load(x, j).mul(inverse), load(sums, j)), sums, j);
        }
        for (; j < columns; j++) {
            setFloat(sums, j, getFloat(sums, j) + getFloat(dy, j) * (getFloat(x, j) * inverse));
        }
    }
}
