package dev.braid.tensor.matmul;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.SplittableRandom;

/** Random operands for a spec, and the product in double beside them. */
final class MatmulCase {
    final MatmulSpec spec;
    final Tensor a;
    final Tensor b;
    final Tensor c;
    final float[] before;

    MatmulCase(Memory memory, MatmulSpec spec, SplittableRandom random) {
        this.spec = spec;
        a = random(memory, spec.operands(), spec.spanA(), random);
        b = random(memory, spec.operands(), spec.spanB(), random);
        c = random(memory, spec.result(), spec.spanC(), random);
        before = c.toFloats();
    }

    static Tensor random(Memory memory, DType dtype, long count, SplittableRandom random) {
        Tensor tensor = memory.allocate(Category.ACTIVATIONS, dtype, Shape.of(count));
        for (int i = 0; i < count; i++) {
            tensor.set(i, (float) (random.nextDouble() * 2 - 1));
        }
        return tensor;
    }

    /** A spec of odd and even sizes up to {@code size} and {@code depth}, any dtypes, transposes and strides. */
    static MatmulSpec randomSpec(SplittableRandom random, int size, int depth) {
        int m = 1 + random.nextInt(size);
        int n = 1 + random.nextInt(size);
        int k = 1 + random.nextInt(depth);
        boolean transposeA = random.nextBoolean();
        boolean transposeB = random.nextBoolean();
        DType operands = random.nextBoolean() ? DType.F32 : DType.BF16;
        DType result = operands == DType.F32 || random.nextBoolean() ? DType.F32 : DType.BF16;
        int slack = random.nextBoolean() ? 0 : 1 + random.nextInt(20);
        return new MatmulSpec(
                m,
                n,
                k,
                transposeA,
                transposeB,
                operands,
                result,
                (transposeA ? m : k) + slack,
                (transposeB ? k : n) + slack,
                n + slack,
                random.nextBoolean());
    }

    void release() {
        a.release();
        b.release();
        c.release();
    }

    private double a(int row, int p) {
        return a.get(spec.transposeA() ? p * spec.strideA() + row : row * spec.strideA() + p);
    }

    private double b(int p, int column) {
        return b.get(spec.transposeB() ? column * spec.strideB() + p : p * spec.strideB() + column);
    }

    /** Compares C with the product in double, and what lies between the rows of C with what was there. */
    void check(String what) {
        double[][] left = new double[spec.m()][spec.k()];
        for (int i = 0; i < spec.m(); i++) {
            for (int p = 0; p < spec.k(); p++) {
                left[i][p] = a(i, p);
            }
        }
        double[] column = new double[spec.k()];
        for (int j = 0; j < spec.n(); j++) {
            for (int p = 0; p < spec.k(); p++) {
                column[p] = b(p, j);
            }
            for (int i = 0; i < spec.m(); i++) {
                checkElement(what, i, j, left[i], column);
            }
        }
        checkBetweenRows(what);
    }

    private void checkElement(String what, int i, int j, double[] row, double[] column) {
        long at = i * spec.strideC() + j;
        double expected = spec.accumulate() ? before[(int) at] : 0;
        double magnitude = Math.abs(expected);
        for (int p = 0; p < row.length; p++) {
            expected += row[p] * column[p];
            magnitude += Math.abs(row[p] * column[p]);
        }
        double bound = (spec.k() + 2) * 0x1p-24 * magnitude;
        if (spec.result() == DType.BF16) {
            bound += (Math.abs(expected) + bound) * 0x1p-8;
        }
        double actual = c.get(at);
        if (!(Math.abs(actual - expected) <= bound)) {
            throw new AssertionError(what + ": C[" + i + "," + j + "] of " + spec + " is " + actual + " but should be "
                    + expected + " within " + bound);
        }
    }

    private void checkBetweenRows(String what) {
        for (int i = 0; i < spec.m() - 1; i++) {
            for (long at = i * spec.strideC() + spec.n(); at < (i + 1) * spec.strideC(); at++) {
                assertThat(c.get(at))
                        .as("%s: between rows of C of %s", what, spec)
                        .isEqualTo(before[(int) at]);
            }
        }
    }
}
