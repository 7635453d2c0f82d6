package dev.braid.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RecallSamplesTest {
    private static final int NONE = Sample.IGNORED;

    private static RecallConfig config(int pairs, int vocab, double gapPower, String between, long seed) {
        return new RecallConfig(pairs, Optional.empty(), vocab, Optional.empty(), gapPower, between, 3, seed);
    }

    private static RecallSamples samples(int pairs, int vocab, int sequence) {
        return new RecallSamples(config(pairs, vocab, 0.01, "blank", 1), sequence, 1234);
    }

    @Test
    void shouldTellAPairAndAskForIt() {
        // The only key of four tokens is 1, the values are 2 and 3; one pair in four tokens leaves one place to ask.
        Set<String> seen = new HashSet<>();
        for (int index = 0; index < 20; index++) {
            Sample sample = samples(1, 4, 4).training(index);
            seen.add(Arrays.toString(sample.inputs()) + " " + Arrays.toString(sample.labels()));
        }
        assertThat(seen)
                .containsExactlyInAnyOrder("[1, 2, 1, 0] [-100, -100, 2, -100]", "[1, 3, 1, 0] [-100, -100, 3, -100]");
    }

    @Test
    void shouldHoldTheSequenceThatFollowsFromTheSeeds() {
        // Figures of a second program, written from the description.
        Sample sample = samples(3, 20, 16).training(7);
        assertThat(sample.inputs()).containsExactly(7, 10, 4, 16, 5, 12, 4, 0, 7, 0, 5, 0, 0, 0, 0, 0);
        assertThat(sample.labels())
                .containsExactly(
                        NONE, NONE, NONE, NONE, NONE, NONE, 16, NONE, 10, NONE, 12, NONE, NONE, NONE, NONE, NONE);
        assertThat(sample.positions()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        assertThat(sample.documents()).containsOnly(0).hasSize(16);
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 65, 71})
    void shouldAskForEachKeyOnceAndLabelNothingElse(int sequence) {
        for (int index = 0; index < 50; index++) {
            Sample sample = samples(16, 34, sequence).training(index);
            int[] inputs = sample.inputs();
            int[] labels = sample.labels();
            Set<Integer> asked = new HashSet<>();
            for (int place = 0; place < sequence; place++) {
                if (labels[place] == NONE) {
                    continue;
                }
                int key = inputs[place];
                assertThat(place).isGreaterThanOrEqualTo(32).isEven();
                assertThat(asked.add(key)).isTrue();
                int told = IntStream.range(0, 16)
                        .filter(pair -> inputs[2 * pair] == key)
                        .findFirst()
                        .orElseThrow();
                assertThat(labels[place]).isEqualTo(inputs[2 * told + 1]);
            }
            assertThat(asked).hasSize(16);
            // All 16 keys of 34 tokens are told, in some order, and 16 of the 17 values.
            assertThat(IntStream.range(0, 16).map(pair -> inputs[2 * pair]).sorted())
                    .containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
            assertThat(IntStream.range(0, 16).map(pair -> inputs[2 * pair + 1]).distinct())
                    .hasSize(16)
                    .allMatch(value -> value >= 17 && value < 34);
        }
    }

    @Test
    void shouldFillTheRestWithBlanksOrAtRandom() {
        Sample blank = samples(2, 40, 64).training(0);
        RecallConfig filled = config(2, 40, 0.01, "random", 1);
        Sample random = new RecallSamples(filled, 64, 1234).training(0);
        int[] rest = IntStream.range(4, 64)
                .filter(place -> blank.labels()[place] == NONE)
                .toArray();
        assertThat(rest).hasSize(58);
        assertThat(Arrays.stream(rest).map(place -> blank.inputs()[place])).containsOnly(0);
        assertThat(Arrays.stream(rest).map(place -> random.inputs()[place]).distinct())
                .hasSizeGreaterThan(20)
                .allMatch(token -> token >= 0 && token < 40);
        // What is told, asked and answered is the same.
        assertThat(random.labels()).isEqualTo(blank.labels());
        assertThat(Arrays.copyOf(random.inputs(), 4)).isEqualTo(Arrays.copyOf(blank.inputs(), 4));
    }

    @Test
    void shouldDrawTheNumberOfPairsOfTrainingSequencesEvenly() {
        RecallConfig config = new RecallConfig(4, Optional.of(2), 64, Optional.empty(), 1, "blank", 50, 1);
        RecallSamples samples = new RecallSamples(config, 16, 1234);
        int[] counts = new int[5];
        for (int index = 0; index < 3000; index++) {
            Sample sample = samples.training(index);
            int pairs = (int) Arrays.stream(sample.labels())
                    .filter(label -> label != NONE)
                    .count();
            counts[pairs]++;
            assertThat(IntStream.range(0, 2 * pairs).map(place -> sample.inputs()[place]))
                    .doesNotContain(0);
        }
        assertThat(counts[2] + counts[3] + counts[4]).isEqualTo(3000);
        assertThat(counts[2]).isBetween(900, 1100);
        assertThat(counts[3]).isBetween(900, 1100);
        for (int index = 0; index < 50; index++) {
            assertThat(Arrays.stream(samples.validation(index).labels()).filter(label -> label != NONE))
                    .hasSize(4);
        }
        assertThat(samples.describe()).startsWith("recall of 2 to 4 pairs in 16 tokens");
    }

    @Test
    void shouldAskAtPlacesByThePowerLaw() {
        // Weights 1, 2^-0.5, 3^-0.5, 4^-0.5 of a gap power of 0.5 come to 2.7845.
        RecallSamples samples = new RecallSamples(config(1, 8, 0.5, "blank", 1), 10, 1234);
        int[] counts = new int[4];
        int draws = 20_000;
        for (int index = 0; index < draws; index++) {
            int[] labels = samples.training(index).labels();
            int place = IntStream.range(0, 10)
                    .filter(t -> labels[t] != NONE)
                    .findFirst()
                    .orElseThrow();
            counts[(place - 2) / 2]++;
        }
        double[] expected = {0.3591, 0.2540, 0.2073, 0.1796};
        for (int place = 0; place < 4; place++) {
            assertThat((double) counts[place] / draws).as("place %d", place).isCloseTo(expected[place], within(0.01));
        }
    }

    @Test
    void shouldDrawKeysAndValuesEvenly() {
        RecallSamples samples = samples(1, 8, 4);
        int[][] counts = new int[4][8];
        int draws = 12_000;
        for (int index = 0; index < draws; index++) {
            int[] inputs = samples.training(index).inputs();
            counts[inputs[0]][inputs[1]]++;
        }
        for (int key = 1; key < 4; key++) {
            for (int value = 4; value < 8; value++) {
                assertThat(counts[key][value]).as("%d is %d", key, value).isBetween(880, 1120);
            }
        }
    }

    @Test
    void shouldGiveTheSameSampleWheneverAndWhereverItIsAskedFor() {
        RecallSamples one = samples(4, 64, 32);
        RecallSamples other = samples(4, 64, 32);
        int[] later = one.training(1_000_000_007L).inputs();
        one.training(3);
        assertThat(other.training(1_000_000_007L).inputs()).isEqualTo(later);
        assertThat(other.training(1_000_000_008L).inputs()).isNotEqualTo(later);
    }

    @Test
    void shouldValidateOnTheSameSequencesWhateverTheSeedOfTheRun() {
        RecallConfig config = config(4, 64, 0.01, "blank", 1);
        RecallSamples one = new RecallSamples(config, 32, 1);
        RecallSamples other = new RecallSamples(config, 32, 2);
        RecallSamples anotherTask = new RecallSamples(config(4, 64, 0.01, "blank", 2), 32, 1);
        assertThat(one.validationSamples()).isEqualTo(3);
        for (int index = 0; index < 3; index++) {
            int[] expected = one.validation(index).inputs();
            assertThat(other.validation(index).inputs()).isEqualTo(expected);
            assertThat(anotherTask.validation(index).inputs()).isNotEqualTo(expected);
            assertThat(one.training(index).inputs()).isNotEqualTo(expected);
        }
        assertThat(one.training(0).inputs()).isNotEqualTo(other.training(0).inputs());
        assertThat(one.fingerprint()).isNotEqualTo(other.fingerprint()).startsWith("recall-");
        assertThatThrownBy(() -> one.validation(3)).hasMessage("validation sample 3 of 3");
    }

    @Test
    void shouldShowASampleToPeople() {
        RecallSamples samples = samples(1, 4, 4);
        Sample sample = samples.training(0);
        int value = sample.inputs()[1];
        assertThat(samples.text(sample)).isEqualTo("1 is " + value + "; 1? " + value + " (token 2)");
        assertThat(samples.describe())
                .isEqualTo("recall of 1 pairs in 4 tokens, vocabulary 4, 3 validation samples; generated, without end");
    }
}
