package dev.braid.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PermutationTest {
    private static long[] values(long size, long key) {
        Permutation permutation = new Permutation(size, key);
        return LongStream.range(0, size).map(permutation::at).toArray();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 7, 16, 17, 100, 1023, 1024, 1025, 65_537})
    void shouldReachEachElementOnceWhenAllIndicesAreMapped(long size) {
        long[] sorted = values(size, 42);
        Arrays.sort(sorted);
        assertThat(sorted).isEqualTo(LongStream.range(0, size).toArray());
    }

    @Test
    void shouldReachEachElementOnceWhenSizeAndKeyAreRandom() {
        long seed = 20_260_701;
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            int size = 1 + random.nextInt(500);
            long[] sorted = values(size, random.nextLong());
            Arrays.sort(sorted);
            assertThat(sorted)
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(LongStream.range(0, size).toArray());
        }
    }

    @Test
    void shouldGiveAnotherOrderWhenTheKeyChanges() {
        assertThat(values(1000, 1)).isNotEqualTo(values(1000, 2)).isEqualTo(values(1000, 1));
    }

    @Test
    void shouldStayInsideWhenSizeIsBeyondAnInt() {
        long size = 1L << 40 | 12_345;
        Permutation permutation = new Permutation(size, 7);
        assertThat(LongStream.range(size - 1000, size).map(permutation::at).distinct())
                .hasSize(1000)
                .allMatch(value -> value >= 0 && value < size);
    }

    @Test
    void shouldSpreadNeighboursWhenSizeIsLarge() {
        long[] values = values(10_000, 3);
        double meanStep = 0;
        for (int index = 1; index < values.length; index++) {
            meanStep += Math.abs(values[index] - values[index - 1]) / (double) (values.length - 1);
        }
        // The mean distance of two random elements of [0, n) is n / 3.
        assertThat(meanStep).isBetween(3_200.0, 3_470.0);
    }

    @Test
    void shouldRejectWhenThereIsNoElement() {
        assertThatThrownBy(() -> new Permutation(0, 1)).hasMessage("a permutation of 0 elements; at least 1 is needed");
    }
}
