package dev.braid.tensor.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.tuple;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What must be the same bits, what merges, and how much memory it takes. */
@Tag("widths")
class AttentionExactnessTest {
    private static final int SEED = 11;

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void shouldGiveTheSameBitsForAnyNumberOfCores(DType dtype) {
        float[][] one = bits(1, dtype);
        assertThat(bits(2, dtype)).as("2 cores, seed %d", SEED).isDeepEqualTo(one);
        assertThat(bits(4, dtype)).as("4 cores, seed %d", SEED).isDeepEqualTo(one);
    }

    private static float[][] bits(int cores, DType dtype) {
        try (Compute compute = new Compute(cores, "vector", "test")) {
            AttentionSpec spec = AttentionSpec.causal(3, 150, 24);
            return new Case(compute, spec, 4, 2, 24, dtype, SEED)
                    .forward(new VectorAttention())
                    .backward(new VectorAttention())
                    .results();
        }
    }

    @Test
    void shouldGiveTheSameBitsWhenRunAgain() {
        try (Compute compute = new Compute(2, "vector", "test")) {
            Case one = new Case(compute, AttentionSpec.causal(2, 100, 40), 4, 2, 40, DType.F32, SEED);
            float[][] first = one.forward(new VectorAttention())
                    .backward(new VectorAttention())
                    .results();
            for (int i = 0; i < 50; i++) {
                one.forward(new VectorAttention()).backward(new VectorAttention());
            }
            assertThat(one.results()).as("seed %d", SEED).isDeepEqualTo(first);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 64, 100})
    void shouldGiveEveryQueryTheSameBitsHoweverQueriesAreSplit(int split) {
        try (Compute compute = new Compute(2, "vector", "test")) {
            int length = 200;
            int size = 20;
            AttentionSpec spec = AttentionSpec.causal(1, length, size);
            Case one = new Case(compute, spec, 4, 2, size, DType.F32, SEED).forward(new VectorAttention());
            float[] whole = one.o.tensor().toFloats();
            for (int first = 0; first < length; first += split) {
                int queries = Math.min(split, length - first);
                AttentionSpec part = new AttentionSpec(1, queries, length, first, 0, true, spec.scale());
                Attention.forward(
                        compute, part, rows(one.q, first, queries), one.k, one.v, rows(one.o, first, queries), null);
            }
            assertThat(one.o.tensor().toFloats()).as("seed %d", SEED).isEqualTo(whole);
        }
    }

    private static Heads rows(Heads heads, int first, int rows) {
        return new Heads(heads.tensor().rows(first, rows), heads.firstColumn(), heads.heads(), heads.headSize());
    }

    @Test
    void shouldEqualTheWholeWhenTwoHalvesOfTheKeysAreMergedByTheirLse() {
        try (Compute compute = new Compute(2, "vector", "test")) {
            int size = 16;
            Case one = new Case(compute, AttentionSpec.causal(1, 150, size), 2, 1, size, DType.F32, SEED)
                    .forward(new VectorAttention())
                    .backward(new VectorAttention());
            double[][][] o = one.queryValues(one.o);
            double[][][] dq = one.queryValues(one.dq);
            float[] lse = one.lse.toFloats();
            double[][][] dk = one.keyValues(one.dk);

            Case left = half(compute, one, 0, 70);
            Case right = half(compute, one, 70, 80);
            double[][][] leftO = left.queryValues(left.o);
            double[][][] rightO = right.queryValues(right.o);
            for (int query = 0; query < 150; query++) {
                for (int head = 0; head < 2; head++) {
                    double total = lse[head * 150 + query];
                    double a = Math.exp(left.lse.get(head * 150L + query) - total);
                    double b = Math.exp(right.lse.get(head * 150L + query) - total);
                    assertThat(a + b).isCloseTo(1, offset(2e-6));
                    for (int column = 0; column < size; column++) {
                        assertThat(a * leftO[query][head][column] + b * rightO[query][head][column])
                                .as("o[%d][%d][%d] seed %d", query, head, column, SEED)
                                .isCloseTo(o[query][head][column], offset(3e-6));
                    }
                }
            }

            mergeAndDifferentiate(left, one);
            mergeAndDifferentiate(right, one);
            double[][][] leftDq = left.queryValues(left.dq);
            double[][][] rightDq = right.queryValues(right.dq);
            double[][][] rightDk = right.keyValues(right.dk);
            for (int query = 0; query < 150; query++) {
                for (int column = 0; column < size; column++) {
                    assertThat(leftDq[query][1][column] + rightDq[query][1][column])
                            .as("dq[%d][1][%d] seed %d", query, column, SEED)
                            .isCloseTo(dq[query][1][column], offset(1e-5));
                    if (query >= 70) {
                        assertThat(rightDk[query - 70][0][column])
                                .as("dk[%d][0][%d] seed %d", query, column, SEED)
                                .isCloseTo(dk[query][0][column], offset(1e-5));
                    }
                }
            }
        }
    }

    /** The same queries against {@code keys} keys from {@code first}. */
    private static Case half(Compute compute, Case one, int first, int keys) {
        AttentionSpec spec = new AttentionSpec(1, 150, keys, 0, first, true, one.spec.scale());
        Case half = new Case(compute, spec, 2, 1, 16, DType.F32, SEED);
        long columns = half.q.tensor().shape().columns();
        Tensor packed = one.q.tensor();
        for (int row = 0; row < 150; row++) {
            for (int column = 0; column < columns; column++) {
                boolean query = column < half.k.firstColumn();
                int source = query ? row : Math.min(row + first, 149);
                half.q.tensor().set(row * columns + column, packed.get(source * columns + column));
            }
        }
        half.dO.tensor().copyFrom(one.dO.tensor());
        return half.forward(new VectorAttention());
    }

    private static void mergeAndDifferentiate(Case half, Case whole) {
        half.o.tensor().copyFrom(whole.o.tensor());
        half.lse.copyFrom(whole.lse);
        half.backward(new VectorAttention());
    }

    @Test
    void shouldLeaveEverythingElseInThePackedMatricesAlone() {
        try (Compute compute = new Compute(2, "vector", "test")) {
            Case one = new Case(compute, AttentionSpec.causal(2, 9, 5), 2, 1, 5, DType.BF16, SEED);
            float[] inputs = one.q.tensor().toFloats();
            float[] padding = column(one.dq.tensor(), 2);
            float[] outputPadding = column(one.o.tensor(), 0);
            one.forward(new VectorAttention()).backward(new VectorAttention());
            assertThat(one.q.tensor().toFloats()).isEqualTo(inputs);
            assertThat(column(one.dq.tensor(), 2)).isEqualTo(padding);
            assertThat(column(one.o.tensor(), 0)).isEqualTo(outputPadding);
        }
    }

    private static float[] column(Tensor tensor, int column) {
        float[] values = new float[Math.toIntExact(tensor.shape().rows())];
        for (int row = 0; row < values.length; row++) {
            values[row] = tensor.get(row * tensor.shape().columns() + column);
        }
        return values;
    }

    /**
     * At T = 4096 and a head size of 64: forward a constant 1 MiB a core whatever T is, backward at most 24 floats of
     * workspace for each of the T * 64 elements of a head on 2 cores; one T x T matrix would be 64 MiB.
     */
    @Test
    void shouldTakeWorkspaceInProportionToTheLength() {
        int length = 4096;
        int size = 64;
        try (Compute compute = new Compute(2, "vector", "test")) {
            Case one = new Case(compute, AttentionSpec.causal(1, length, size), 2, 1, size, DType.F32, SEED);
            one.forward(new VectorAttention());
            assertThat(compute.memory().peak(Category.WORKSPACE)).isBetween(1L, 2L << 20);
            one.backward(new VectorAttention());
            long bound = 24L * length * size;
            assertThat(compute.memory().peak(Category.WORKSPACE))
                    .isLessThan(bound)
                    .isLessThan(16L << 20);
            assertThat(compute.memory().live(Category.WORKSPACE)).isZero();
        }
    }

    @Test
    void shouldCountTheArithmeticOfVisiblePairsOnly() {
        try (Compute compute = new Compute(1, "vector", "test")) {
            Case one = new Case(compute, AttentionSpec.causal(2, 3, 5), 4, 2, 5, DType.F32, SEED);
            one.forward(new VectorAttention()).backward(new VectorAttention());
            double pairs = 2.0 * 4 * 6;
            assertThat(compute.profile().entries())
                    .extracting("operation", "flops")
                    .containsExactlyInAnyOrder(
                            tuple("attention.forward", 4 * 5 * pairs), tuple("attention.backward", 10 * 5 * pairs));
        }
    }

    @Test
    void shouldStaySaneWithHugeScores() {
        try (Compute compute = new Compute(2, "vector", "test")) {
            Case one = new Case(compute, AttentionSpec.causal(1, 100, 8), 1, 1, 8, DType.F32, SEED);
            for (long i = 0; i < one.q.tensor().count(); i++) {
                one.q.tensor().set(i, one.q.tensor().get(i) * 1000);
            }
            one.forward(new VectorAttention()).backward(new VectorAttention());
            double[][][] v = one.keyValues(one.v);
            double largest = Arrays.stream(v)
                    .flatMap(Arrays::stream)
                    .flatMapToDouble(Arrays::stream)
                    .map(Math::abs)
                    .max()
                    .orElseThrow();
            for (double[][] row : one.queryValues(one.o)) {
                for (double value : row[0]) {
                    assertThat(Math.abs(value)).as("seed %d", SEED).isLessThanOrEqualTo(largest * 1.0001);
                }
            }
        }
    }
}
