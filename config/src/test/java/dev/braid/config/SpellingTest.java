package dev.braid.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SpellingTest {
    @ParameterizedTest
    @CsvSource({"warmup, warmup, 0", "warmupp, warmup, 1", "wramup, warmup, 1", "abc, '', 3", "kitten, sitting, 3"})
    void shouldCountEdits(String left, String right, int edits) {
        assertThat(Spelling.distance(left, right)).isEqualTo(edits);
    }

    @ParameterizedTest
    @CsvSource({"kvheads, kv_heads", "KV-Heads, kv_heads", "head, heads", "lr2, lr", "dimension,", "xy,"})
    void shouldFindTheNearestWordIfItIsNear(String word, String nearest) {
        assertThat(Spelling.nearest(word, List.of("heads", "kv_heads", "dim", "lr"))
                        .orElse(null))
                .isEqualTo(nearest);
    }

    @Test
    void shouldTakeTheFirstWhenTwoAreEquallyNear() {
        assertThat(Spelling.hint("bat", List.of("cat", "rat"))).isEqualTo("did you mean 'cat'?");
    }
}
