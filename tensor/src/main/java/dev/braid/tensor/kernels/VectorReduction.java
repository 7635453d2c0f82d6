package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.VectorValues.load;

import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

final class VectorReduction implements ReductionKernels {
    private static final int LANES = Species.LANES;
    private static final int UNROLLED = 4 * LANES;
    private static final int DOUBLES = Species.DOUBLE.length();
    private static final int UNROLLED_DOUBLES = 4 * DOUBLES;

    private final VectorElementwise elementwise = new VectorElementwise();

    /** Sum of a * b, in f32. */
    static float dot(long a, long b, int columns) {
        FloatVector sum0 = FloatVector.zero(Species.FLOAT);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        int j = 0;
        for (; j <= columns - UNROLLED; j += UNROLLED) {
            sum0 = load(a, j).fma(load(b, j), sum0);
            sum1 = load(a, j + LANES).fma(load(b, j + LANES), sum1);
            sum2 = load(a, j + 2 * LANES).fma(load(b, j + 2 * LANES), sum2);
            sum3 = load(a, j + 3 * LANES).fma(load(b, j + 3 * LANES), sum3);
        }
        for (; j <= columns - LANES; j += LANES) {
            sum0 = load(a, j).fma(load(b, j), sum0);
        }
        float sum = VectorMath.sum(sum0.add(sum1).add(sum2.add(sum3)));
        for (; j < columns; j++) {
            sum += getFloat(a, j) * getFloat(b, j);
        }
        return sum;
    }

    @Override
    public double sum(long values, int count) {
        DoubleVector sum0 = DoubleVector.zero(Species.DOUBLE);
        DoubleVector sum1 = sum0;
        DoubleVector sum2 = sum0;
        DoubleVector sum3 = sum0;
        int i = 0;
        for (; i <= count - UNROLLED_DOUBLES; i += UNROLLED_DOUBLES) {
            sum0 = sum0.add(widened(values, i));
            sum1 = sum1.add(widened(values, i + DOUBLES));
            sum2 = sum2.add(widened(values, i + 2 * DOUBLES));
            sum3 = sum3.add(widened(values, i + 3 * DOUBLES));
        }
        double sum = total(sum0.add(sum1).add(sum2.add(sum3)));
        for (; i < count; i++) {
            sum += getFloat(values, i);
        }
        return sum;
    }

    @Override
    public double squaredSum(long values, int count) {
        DoubleVector sum0 = DoubleVector.zero(Species.DOUBLE);
        DoubleVector sum1 = sum0;
        DoubleVector sum2 = sum0;
        DoubleVector sum3 = sum0;
        int i = 0;
        for (; i <= count - UNROLLED_DOUBLES; i += UNROLLED_DOUBLES) {
            DoubleVector value0 = widened(values, i);
            DoubleVector value1 = widened(values, i + DOUBLES);
            DoubleVector value2 = widened(values, i + 2 * DOUBLES);
            DoubleVector value3 = widened(values, i + 3 * DOUBLES);
            sum0 = value0.fma(value0, sum0);
            sum1 = value1.fma(value1, sum1);
            sum2 = value2.fma(value2, sum2);
            sum3 = value3.fma(value3, sum3);
        }
        double sum = total(sum0.add(sum1).add(sum2.add(sum3)));
        for (; i < count; i++) {
            double value = getFloat(values, i);
            sum += value * value;
        }
        return sum;
    }

    private static DoubleVector widened(long base, long index) {
        FloatVector values = FloatVector.fromMemorySegment(
                Species.HALF_FLOAT, Addresses.ALL, base + index * Float.BYTES, ByteOrder.LITTLE_ENDIAN);
        return (DoubleVector) values.convertShape(VectorOperators.F2D, Species.DOUBLE, 0);
    }

    /** The sum of all lanes by halves: see {@link VectorMath#sum}. */
    private static double total(DoubleVector vector) {
        double[] lanes = vector.toArray();
        for (int half = DOUBLES / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }

    @Override
    public void addRows(long values, long sums, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            elementwise.add(sums, values + (long) row * columns * Float.BYTES, sums, columns);
        }
    }
}
