package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.CollectiveKernels;
import dev.braid.tensor.kernels.KernelProviders;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class CollectiveReductionTest {
    /** Around the lengths of vectors, of unrolled loops, and of the tile. */
    private static final int[] COUNTS = {0, 1, 15, 16, 17, 65, 257, 8211};

    /** Around the numbers of sources that the kernels treat apart. */
    private static final int[] SOURCES = {1, 2, 3, 5, 8, 9, 16, 17, 25};

    static Stream<String> kernels() {
        return Fixture.kernels();
    }

    private static CollectiveKernels kernels(String name) {
        return KernelProviders.byName(name).collective();
    }

    private static long[] addresses(Tensor... tensors) {
        return Stream.of(tensors).mapToLong(Tensor::address).toArray();
    }

    private static Tensor[] random(Fixture fixture, DType dtype, int n, int count) {
        Tensor[] tensors = new Tensor[n];
        for (int source = 0; source < n; source++) {
            tensors[source] = fixture.zeros(dtype, count);
            Tensor values = fixture.random(DType.F32, count);
            for (int i = 0; i < count; i++) {
                // Magnitudes far apart, so that every other order of the sum would give other bits.
                tensors[source].set(i, values.get(i) * (1 << (i + 5 * source) % 23));
            }
        }
        return tensors;
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void shouldAddFromTheFirstRankToTheLast(String name) {
        try (Fixture fixture = new Fixture(name)) {
            // In f32 1 is lost beside 2^24, but not beside 0.
            Tensor[] ranks = {
                fixture.of(DType.F32, 0x1p24, 1),
                fixture.of(DType.F32, 1, 0x1p24),
                fixture.of(DType.F32, -0x1p24, -0x1p24)
            };
            Tensor sum = fixture.zeros(DType.F32, 2);
            CollectiveReduction.sum(kernels(name), DType.F32, addresses(ranks), 3, sum.address(), 2, 1f);
            assertThat(sum.toFloats()).containsExactly(0f, 0f);
            long[] otherOrder = addresses(ranks[0], ranks[2], ranks[1]);
            CollectiveReduction.sum(kernels(name), DType.F32, otherOrder, 3, sum.address(), 2, 1f);
            assertThat(sum.toFloats()).containsExactly(1f, 1f);
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void shouldRoundBf16OnceAfterAllWasAddedAndScaled(String name) {
        try (Fixture fixture = new Fixture(name)) {
            // One bf16 step at 256 is 2: rounding after each addition would lose both ones.
            Tensor[] ranks = {fixture.of(DType.BF16, 256), fixture.of(DType.BF16, 1), fixture.of(DType.BF16, 1)};
            Tensor sum = fixture.zeros(DType.BF16, 1);
            CollectiveReduction.sum(kernels(name), DType.BF16, addresses(ranks), 3, sum.address(), 1, 1f);
            assertThat(sum.get(0)).isEqualTo(258f);
            CollectiveReduction.sum(kernels(name), DType.BF16, addresses(ranks), 3, sum.address(), 1, 0.5f);
            assertThat(sum.get(0)).isEqualTo(129f);
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void shouldLetIntegerSumsWrapAround(String name) {
        try (Fixture fixture = new Fixture(name)) {
            Tensor[] ranks = {fixture.ints(Integer.MAX_VALUE, -5), fixture.ints(1, 7)};
            Tensor sum = fixture.ints(0, 0);
            CollectiveReduction.sum(kernels(name), DType.I32, addresses(ranks), 2, sum.address(), 2, 1f);
            assertThat(sum.getInt(0)).isEqualTo(Integer.MIN_VALUE);
            assertThat(sum.getInt(1)).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16", "I32"})
    void shouldGiveTheBitsOfThePlainLoopForEveryCount(DType dtype) {
        try (Fixture fixture = new Fixture("vector")) {
            for (int n : SOURCES) {
                for (int count : COUNTS) {
                    Tensor[] ranks = random(fixture, dtype, n, count);
                    float scale = dtype == DType.I32 ? 1f : 1f / 3;
                    Tensor expected = sum(fixture, "scalar", ranks, scale);
                    Tensor actual = sum(fixture, "vector", ranks, scale);
                    assertThat(actual.toFloats())
                            .as("%d ranks, %d elements", n, count)
                            .containsExactly(expected.toFloats());
                    release(ranks, expected, actual);
                }
            }
        }
    }

    private static Tensor sum(Fixture fixture, String name, Tensor[] ranks, float scale) {
        Tensor sum = fixture.zeros(ranks[0].dtype(), ranks[0].count());
        CollectiveReduction.sum(
                kernels(name), sum.dtype(), addresses(ranks), ranks.length, sum.address(), sum.count(), scale);
        return sum;
    }

    private static void release(Tensor[] ranks, Tensor... more) {
        Stream.concat(Stream.of(ranks), Stream.of(more)).forEach(Tensor::release);
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void shouldFindTheLargestAsThePlainLoopDoes(DType dtype) {
        try (Fixture fixture = new Fixture("vector")) {
            for (int n : new int[] {1, 2, 3, 9}) {
                for (int count : COUNTS) {
                    Tensor[] ranks = random(fixture, dtype, n, count);
                    Tensor actual = max(fixture, "vector", ranks);
                    Tensor expected = max(fixture, "scalar", ranks);
                    assertThat(actual.toFloats())
                            .as("%d ranks, %d elements", n, count)
                            .containsExactly(expected.toFloats());
                    release(ranks, expected, actual);
                }
            }
        }
    }

    private static Tensor max(Fixture fixture, String name, Tensor... ranks) {
        Tensor max = fixture.zeros(ranks[0].dtype(), ranks[0].count());
        CollectiveReduction.max(kernels(name), max.dtype(), addresses(ranks), ranks.length, max.address(), max.count());
        return max;
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldLetANanOfAnyRankWinAndZeroOverMinusZero(String name, DType dtype) {
        try (Fixture fixture = new Fixture(name)) {
            double[] a = new double[200];
            double[] b = new double[200];
            Arrays.fill(a, -0.0);
            a[3] = Double.NaN;
            a[4] = 1;
            b[4] = Double.NaN;
            a[190] = Double.NaN;
            b[191] = Double.NEGATIVE_INFINITY;
            float[] max = max(fixture, name, fixture.of(dtype, a), fixture.of(dtype, b))
                    .toFloats();
            for (int i = 0; i < max.length; i++) {
                float expected = Math.max((float) a[i], (float) b[i]);
                assertThat(Float.floatToIntBits(max[i])).as("element %d", i).isEqualTo(Float.floatToIntBits(expected));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldKeepNanAndInfinityInSums(String name, DType dtype) {
        try (Fixture fixture = new Fixture(name)) {
            Tensor a = fixture.zeros(dtype, 100);
            Tensor b = fixture.zeros(dtype, 100);
            a.set(0, Float.intBitsToFloat(0x7FFF0000));
            a.set(1, Float.POSITIVE_INFINITY);
            a.set(2, Float.POSITIVE_INFINITY);
            b.set(2, Float.NEGATIVE_INFINITY);
            a.set(3, Float.MAX_VALUE);
            b.set(3, Float.MAX_VALUE);
            Tensor sum = sum(fixture, name, new Tensor[] {a, b}, 1f);
            assertThat(sum.get(0)).isNaN();
            assertThat(sum.get(1)).isEqualTo(Float.POSITIVE_INFINITY);
            assertThat(sum.get(2)).isNaN();
            assertThat(sum.get(3)).isEqualTo(Float.POSITIVE_INFINITY);
            assertThat(sum.get(4)).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldWriteOverAnyOneOfTheSources(String name, DType dtype) {
        try (Fixture fixture = new Fixture(name)) {
            int count = 5000;
            for (int own : new int[] {0, 1, 8, 17}) {
                Tensor[] ranks = random(fixture, dtype, 18, count);
                Tensor expected = sum(fixture, name, ranks, 1f);
                CollectiveReduction.sum(kernels(name), dtype, addresses(ranks), 18, ranks[own].address(), count, 1f);
                assertThat(ranks[own].toFloats()).as("rank %d", own).containsExactly(expected.toFloats());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void shouldWriteNoElementPastTheLast(String name) {
        try (Fixture fixture = new Fixture(name)) {
            for (int count : COUNTS) {
                Tensor a = fixture.random(DType.BF16, count + 1);
                Tensor b = fixture.random(DType.BF16, count + 1);
                Tensor sum = fixture.zeros(DType.BF16, count + 1);
                sum.set(count, 77);
                CollectiveReduction.sum(kernels(name), DType.BF16, addresses(a, b), 2, sum.address(), count, 1f);
                assertThat(sum.get(count)).isEqualTo(77f);
            }
        }
    }

    @Test
    void shouldRefuseASumOfBytes() {
        long[] none = {64, 128};
        assertThatThrownBy(() -> CollectiveReduction.sum(DType.I8, none, 2, 256, 1, 1f))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("I8 has no sum: it would not fit; widen to I32 or F32 first");
    }

    @Test
    void shouldRefuseAScaleOfIntegers() {
        assertThatThrownBy(() -> CollectiveReduction.sum(DType.I32, new long[] {64, 128}, 2, 256, 1, 0.5f))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("sum of I32: a scale of 0.5 needs F32 or BF16; convert first");
    }

    @Test
    void shouldRefuseATargetThatOverlapsASourceInPart() {
        assertThatThrownBy(() -> CollectiveReduction.sum(DType.F32, new long[] {4096, 64}, 2, 68, 100, 1f))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "sum: the target overlaps contribution 1 in part: they start 4 bytes apart and have 400 each");
    }

    @Test
    void shouldRefuseNoSourcesTooManyAndMoreThanGiven() {
        for (int n : new int[] {0, 1025, 3}) {
            assertThatThrownBy(() -> CollectiveReduction.max(DType.F32, new long[2], n, 0, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("max of " + n + " contributions, of which 2 are given; allowed are 1 to 1024");
        }
    }
}
