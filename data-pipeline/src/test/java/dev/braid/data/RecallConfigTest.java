package dev.braid.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.data.support.FaultList;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class RecallConfigTest {
    static RecallConfig config(int pairs, int vocab) {
        return new RecallConfig(pairs, Optional.empty(), vocab, Optional.empty(), 0.01, "blank", 512, 1);
    }

    private static List<String> faults(int pairs, int sequence) {
        List<String> lines = new ArrayList<>();
        config(pairs, 8192).validateFor(sequence, (key, problem, fix) -> lines.add(key + ": " + problem + "; " + fix));
        return lines;
    }

    @Test
    void shouldAcceptWhatJustFits() {
        // The keys of 10 tokens are 1 to 4, the values 5 to 9.
        assertThat(FaultList.of(config(4, 10))).isEmpty();
        assertThat(faults(16, 64)).isEmpty();
    }

    @Test
    void shouldRefuseAVocabularyWithFewerKeysThanPairs() {
        assertThat(FaultList.of(config(5, 10)))
                .containsExactly(
                        "vocab: 10 tokens have 4 keys (the ids from 1 and below half of the vocabulary), but each of the 5"
                                + " pairs needs a key of its own; write 12 or more, or make pairs smaller");
        assertThat(FaultList.of(config(1, -3))).hasSize(1).first().asString().contains("-3 tokens have 0 keys");
    }

    @Test
    void shouldRefusePairsThatDoNotFitTheSequence() {
        assertThat(faults(17, 64))
                .containsExactly(
                        "pairs: 17 pairs don't fit a sequence of 64 tokens: each takes 4, two to tell it and two to"
                                + " ask for it; write at most 16, or make sequences of 68 tokens");
        assertThat(faults(1, 3)).hasSize(1).first().asString().endsWith("; make sequences of 4 tokens");
    }

    @Test
    void shouldRefuseFewestPairsAboveThePairs() {
        assertThat(FaultList.of(new RecallConfig(4, Optional.of(5), 64, Optional.empty(), 0.01, "blank", 512, 1)))
                .containsExactly("fewest: is 5, must be 1 to pairs, which is 4; leave it out to have 4 pairs in every"
                        + " sequence");
    }

    @Test
    void shouldReportAllFaultsAtOnce() {
        RecallConfig wrong = new RecallConfig(0, Optional.of(2), 2_000_000, Optional.of(0), 1.5, "blank", -1, 1);
        assertThat(FaultList.of(wrong))
                .extracting(line -> line.substring(0, line.indexOf(':')))
                .containsExactly("pairs", "fewest", "vocab", "sequence", "gap_power", "validation");
    }

    @Test
    void shouldTellTheSizeOfTheVocabularyAndWhetherItValidates() {
        assertThat(config(4, 10).vocabulary()).hasValue(10);
        assertThat(config(4, 10).validates()).isTrue();
        assertThat(new RecallConfig(4, Optional.empty(), 10, Optional.empty(), 1, "blank", 0, 1).validates())
                .isFalse();
    }
}
