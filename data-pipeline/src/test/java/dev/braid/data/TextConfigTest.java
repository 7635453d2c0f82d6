package dev.braid.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.data.support.FaultList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TextConfigTest {
    private static final SourceConfig JDK = new SourceConfig("jdk-source", 1, Optional.of("32MB"));

    private static TextConfig config(List<SourceConfig> sources, Optional<Integer> sequence, double validation) {
        return new TextConfig(sources, new TokenizerConfig.Bytes(), sequence, validation);
    }

    @Test
    void shouldHaveNoFaultWhenAllIsInRange() {
        assertThat(FaultList.of(config(List.of(JDK), Optional.of(256), 0.005))).isEmpty();
        assertThat(FaultList.of(JDK)).isEmpty();
        assertThat(FaultList.of(new TokenizerConfig.Bpe(257))).isEmpty();
        assertThat(FaultList.of(new TokenizerConfig.File("tokenizer.json"))).isEmpty();
    }

    @Test
    void shouldReportEveryFaultWhenSeveralKeysAreWrong() {
        assertThat(FaultList.of(config(List.of(), Optional.of(0), 0.75)))
                .containsExactly(
                        "sources: no source is given; at least one is needed; write sources: [{path: jdk-source}]",
                        "validation: 0.75 is not a fraction; allowed are 0 to 0.5; write 0.005 for half a percent",
                        "sequence: 0 tokens a sample; at least 1 is needed; leave it out to use model.context");
    }

    @Test
    void shouldRejectWhenValidationIsNotANumber() {
        assertThat(FaultList.of(config(List.of(JDK), Optional.empty(), Double.NaN)))
                .containsExactly(
                        "validation: NaN is not a fraction; allowed are 0 to 0.5; write 0.005 for half a percent");
    }

    @Test
    void shouldReportEveryFaultWhenASourceIsWrong() {
        assertThat(FaultList.of(new SourceConfig(" ", 0, Optional.of("32 pages"))))
                .containsExactly(
                        "path: is empty; allowed are a folder, a file, a glob or jdk-source; write path: jdk-source",
                        "weight: 0.0 is not a weight; allowed is more than 0, up to 1000; remove the source if it should not be used",
                        "limit: '32 pages' is not a size; allowed are bytes or a number with KB, MB, GB, TB, KiB, MiB, GiB, TiB;"
                                + " write limit: 32MB");
    }

    @Test
    void shouldRejectWhenVocabularyIsOutOfRange() {
        assertThat(FaultList.of(new TokenizerConfig.Bpe(256)))
                .containsExactly(
                        "vocab: 256 is out of range; allowed are 257 (256 bytes and the end of text) to 1000000;"
                                + " write vocab: 4096");
        assertThat(FaultList.of(new TokenizerConfig.Bpe(1_000_001))).hasSize(1);
    }

    @Test
    void shouldRejectWhenTokenizerPathIsEmpty() {
        assertThat(FaultList.of(new TokenizerConfig.File("")))
                .containsExactly("path: is empty; a tokenizer.json or its folder is needed; ");
    }

    @Test
    void shouldGiveLimitInBytesWhenItIsSet() {
        assertThat(JDK.limitBytes()).hasValue(32_000_000);
        assertThat(new SourceConfig("x", 1, Optional.empty()).limitBytes()).isEmpty();
    }
}
