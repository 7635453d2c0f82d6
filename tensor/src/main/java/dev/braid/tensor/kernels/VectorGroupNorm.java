package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

import jdk.incubator.vector.FloatVector;

final class VectorGroupNorm implements GroupNormKernels {
    private static final int LANES = Species.LANES;
    private static final int UNROLLED = 2 * LANES;

    @Override
    public void center(long x, long out, int groups, int size) {
        long bytes = (long) size * Float.BYTES;
        for (int group = 0; group < groups; group++) {
            float mean = sum(x + group * bytes, size) / size;
            subtract(x + group * bytes, mean, out + group * bytes, size);
        }
    }

    private static float sum(long x, int size) {
        FloatVector sum0 = FloatVector.zero(Species.FLOAT);
        FloatVector sum1 = sum0;
        int j = 0;
        for (; j <= size - UNROLLED; j += UNROLLED) {
            sum0 = sum0.add(load(x, j));
            sum1 = sum1.add(load(x, j + LANES));
        }
        for (; j <= size - LANES; j += LANES) {
            sum0 = sum0.add(load(x, j));
        }
        float sum = VectorMath.sum(sum0.add(sum1));
        for (; j < size; j++) {
            sum += getFloat(x, j);
        }
        return sum;
    }

    private static void subtract(long x, float mean, long out, int size) {
        int j = 0;
        for (; j <= size - LANES; j += LANES) {
            store(load(x, j).sub(mean), out, j);
        }
        for (; j < size; j++) {
            setFloat(out, j, getFloat(x, j) - mean);
        }
    }

    @Override
    public void squares(long x, long sums, int groups, int size) {
        for (int group = 0; group < groups; group++) {
            long at = x + (long) group * size * Float.BYTES;
            setFloat(sums, group, VectorReduction.dot(at, at, size));
        }
    }

    @Override
    public void dots(long dy, long x, long weight, long sums, int rows, int groups, int size) {
        long bytes = (long) size * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            for (int group = 0; group < groups; group++) {
                int i = row * groups + group;
                setFloat(sums, i, dot(dy + i * bytes, weight + group * bytes, x + i * bytes, size));
            }
        }
    }

    /** Sum of a * weight * b. */
    private static float dot(long a, long weight, long b, int size) {
        FloatVector sum0 = FloatVector.zero(Species.FLOAT);
        FloatVector sum1 = sum0;
        int j = 0;
        for (; j <= size - UNROLLED; j += UNROLLED) {
            sum0 = load(a, j).mul(load(weight, j)).fma(load(b, j), sum0);
            sum1 = load(a, j + LANES).mul(load(weight, j + LANES)).fma(load(b, j + LANES), sum1);
        }
        for (; j <= size - LANES; j += LANES) {
            sum0 = load(a, j).mul(load(weight, j)).fma(load(b, j), sum0);
        }
        float sum = VectorMath.sum(sum0.add(sum1));
        for (; j < size; j++) {
            sum = Math.fma(getFloat(a, j) * getFloat(weight, j), getFloat(b, j), sum);
        }
        return sum;
    }

    @Override
    public void scale(long x, long inverse, long weight, long y, int rows, int groups, int size) {
        long bytes = (long) size * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            for (int group = 0; group < groups; group++) {
                int i = row * groups + group;
                scale(x + i * bytes, getFloat(inverse, i), weight + group * bytes, y + i * bytes, size);
            }
        }
    }

    private static void scale(long x, float inverse, long weight, long y, int size) {
        int j = 0;
        for (; j <= size - LANES; j += LANES) {
            store(load(x, j).mul(inverse).mul(load(weight, j)), y, j);
        }
        for (; j < size; j++) {
            setFloat(y, j, getFloat(x, j) * inverse * getFloat(weight, j));
        }
    }

    @Override
    public void inputGradient(
            long dy, long x, long weight, long inverse, long along, long dx, int rows, int groups, int size) {
        long bytes = (long) size * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            for (int group = 0; group < groups; group++) {
                int i = row * groups + group;
                long at = i * bytes;
                float factor = getFloat(inverse, i);
                gradient(dy + at, x + at, weight + group * bytes, factor, -getFloat(along, i), dx + at, size);
            }
        }
    }

    private static void gradient(long dy, long x, long weight, float inverse, float minusAlong, long dx, int size) {
        FloatVector factor = FloatVector.broadcast(Species.FLOAT, minusAlong);
        int j = 0;
        for (; j <= size - LANES; j += LANES) {
            FloatVector direct = load(dy, j).mul(load(weight, j)).mul(inverse);
            store(load(x, j).fma(factor, direct), dx, j);
        }
        for (; j < size; j++) {
            float direct = getFloat(dy, j) * getFloat(weight, j) * inverse;
            setFloat(dx, j, Math.fma(getFloat(x, j), minusAlong, direct));
        }
    }

    @Override
    public void weightGradient(long dy, long x, long inverse, long sums, int rows, int groups, int size) {
        long bytes = (long) size * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            for (int group = 0; group < groups; group++) {
                int i = row * groups + group;
                addProduct(dy + i * bytes, x + i * bytes, getFloat(inverse, i), sums + group * bytes, size);
            }
        }
    }

    private static void addProduct(long dy, long x, float inverse, long sums, int size) {
        int j = 0;
        for (; j <= size - LANES; j += LANES) {
            store(load(dy, j).fma(load(x, j).mul(inverse), load(sums, j)), sums, j);
        }
        for (; j < size; j++) {
            setFloat(sums, j, Math.fma(getFloat(dy, j), getFloat(x, j) * inverse, getFloat(sums, j)));
        }
    }
}
