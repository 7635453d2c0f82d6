package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class CounterRandomTest {
    /** Known answers that the authors of Philox publish for 4x32-10. */
    @Test
    void shouldGiveThePublishedBlocks() {
        assertThat(CounterRandom.block(0, 0, 0)).containsExactly(0xe169c58d6627e8d5L, 0x9b00dbd8bc57ac4cL);
        assertThat(CounterRandom.block(-1, -1, -1)).containsExactly(0x41c83b0e408f276dL, 0x6d5451fda20bc7c6L);
        assertThat(CounterRandom.block(0x299f31d0a4093822L, 0x85a308d3243f6a88L, 0x0370734413198a2eL))
                .containsExactly(0x94fdcceb_d16cfe09L, 0x24126ea1_5001e420L);
    }

    @Test
    void shouldHashNamesByFnv1a() {
        assertThat(CounterRandom.hash("")).isEqualTo(0xcbf29ce484222325L);
        assertThat(CounterRandom.hash("a")).isEqualTo(0xaf63dc4c8601ec8cL);
    }

    @Test
    void shouldKeepItsFirstValuesForever() {
        assertThat(CounterRandom.normal(1, "layers.0.attention.weight", 0)).isEqualTo(-0.4782038879220911);
        assertThat(CounterRandom.normal(1, "layers.0.attention.weight", 1)).isEqualTo(-1.0669235764543938);
        assertThat(CounterRandom.uniform(1, "layers.0.attention.weight", 0)).isEqualTo(0.5048457013835099);
    }

    @Test
    void shouldDependOnSeedNameAndElement() {
        long value = CounterRandom.bits(1, "a", 5);
        assertThat(CounterRandom.bits(1, "a", 5)).isEqualTo(value);
        assertThat(CounterRandom.bits(2, "a", 5)).isNotEqualTo(value);
        assertThat(CounterRandom.bits(1, "b", 5)).isNotEqualTo(value);
        assertThat(CounterRandom.bits(1, "a", 4)).isNotEqualTo(value);
        assertThat(CounterRandom.bits(1, "a", 6)).isNotEqualTo(value);
    }

    @Test
    void shouldFillAnySliceAsItFillsTheWhole() {
        int count = 20_001;
        try (Fixture one = new Fixture("scalar", 1);
                Fixture four = new Fixture("vector", 4)) {
            Tensor whole = one.zeros(DType.F32, count);
            CounterRandom.normal(one.compute(), whole, 42, "weight", 0.5, 0.02, 0);
            Tensor slices = four.zeros(DType.F32, count);
            int[] bounds = {0, 1, 4096, 4099, 15_000, count};
            for (int i = 0; i < bounds.length - 1; i++) {
                Tensor slice = slices.rows(bounds[i], bounds[i + 1] - bounds[i]);
                CounterRandom.normal(four.compute(), slice, 42, "weight", 0.5, 0.02, bounds[i]);
            }
            assertThat(slices.toFloats()).containsExactly(whole.toFloats());
            assertThat(whole.get(4097)).isEqualTo((float) (0.5 + 0.02 * CounterRandom.normal(42, "weight", 4097)));
        }
    }

    @Test
    void shouldHaveTheMomentsOfANormalDistribution() {
        int count = 200_000;
        try (Fixture fixture = new Fixture("vector")) {
            Tensor tensor = fixture.zeros(DType.F32, count);
            CounterRandom.normal(fixture.compute(), tensor, 3, "weight", 0, 1, 0);
            double mean = 0;
            double square = 0;
            double neighbours = 0;
            int beyondTwo = 0;
            for (int i = 0; i < count; i++) {
                double value = tensor.get(i);
                mean += value / count;
                square += value * value / count;
                neighbours += i == 0 ? 0 : value * tensor.get(i - 1) / count;
                beyondTwo += Math.abs(value) > 2 ? 1 : 0;
            }
            // Five standard errors, each of which is about 1 / sqrt(count).
            assertThat(mean).isCloseTo(0, Offset.offset(0.0112));
            assertThat(square).isCloseTo(1, Offset.offset(0.0159));
            assertThat(neighbours).isCloseTo(0, Offset.offset(0.0112));
            assertThat(beyondTwo / (double) count).isCloseTo(0.0455, Offset.offset(0.0024));
        }
    }

    @Test
    void shouldSpreadUniformNumbersOverTheUnitInterval() {
        int[] tenths = new int[10];
        for (int i = 0; i < 10_000; i++) {
            tenths[(int) (10 * CounterRandom.uniform(9, "order", i))]++;
        }
        for (int tenth : tenths) {
            assertThat(tenth).isBetween(850, 1150);
        }
    }
}
