package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Part;
import dev.braid.tensor.parameters.Unit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which heads a rank of the tensor axis has. */
class TensorHeadsTest {
    private static final int HEAD = 2;
    private static final int DIM = 16;

    private static Architecture architecture(int heads, int kvHeads, int ranks, int rank) {
        AttentionConfig attention =
                new AttentionConfig(heads, Optional.of(kvHeads), Optional.of(HEAD), Optional.empty(), false, false);
        ModelConfig config = new ModelConfig(
                DIM,
                1,
                8,
                false,
                Map.of("attn", attention),
                Map.of("mlp", new SwiGluConfig(64)),
                List.of("attn+mlp"),
                Optional.empty(),
                1e-5,
                0.02);
        return new Architecture(config, 64, DType.F32, ranks, rank);
    }

    private static Part part(Architecture architecture, String name) {
        return architecture.parameters().units().stream()
                .flatMap(unit -> unit.entries().stream())
                .filter(entry -> entry.spec().name().equals("layers.0.mixer." + name + ".weight"))
                .map(Unit.Entry::part)
                .findFirst()
                .orElseThrow();
    }

    /** Heads of a part whose rows are divided: {@code "2 3"} are the third and the fourth. */
    private static String rows(Architecture architecture, String name) {
        Part part = part(architecture, name);
        return heads(part.from() / DIM, part.shape().extent(0));
    }

    private static String heads(long from, long count) {
        List<String> heads = new ArrayList<>();
        for (long head = from / HEAD; head < (from + count) / HEAD; head++) {
            heads.add(Long.toString(head));
        }
        return String.join(" ", heads);
    }

    /** With two query heads for each KV head, heads 2k and 2k+1 need KV head k; with three, 3k to 3k+2. */
    @ParameterizedTest
    @CsvSource({
        "4, 2, 2, 0, 0 1, 0",
        "4, 2, 2, 1, 2 3, 1",
        // KV heads that do not divide evenly take their query heads with them.
        "6, 3, 2, 0, 0 1 2 3, 0 1",
        "6, 3, 2, 1, 4 5, 2",
        // Two ranks hold copies of each KV head.
        "4, 2, 4, 0, 0, 0",
        "4, 2, 4, 1, 1, 0",
        "4, 2, 4, 2, 2, 1",
        "4, 2, 4, 3, 3, 1",
        "3, 1, 3, 2, 2, 0"
    })
    void shouldPutQueryHeadsWhereTheirKeysAre(
            int heads, int kvHeads, int ranks, int rank, String queries, String keys) {
        Architecture architecture = architecture(heads, kvHeads, ranks, rank);
        assertThat(rows(architecture, "q")).isEqualTo(queries);
        assertThat(rows(architecture, "k")).isEqualTo(keys);
        assertThat(rows(architecture, "v")).isEqualTo(keys);
        Part output = part(architecture, "output");
        assertThat(heads(output.firstColumn(), output.columns())).isEqualTo(queries);
    }

    @ParameterizedTest
    @CsvSource({
        // More ranks than heads; three heads of a KV head over two copies of it; two KV heads over three ranks.
        "2, 2, 4, '1, 2'",
        "6, 2, 4, '1, 2, 6'",
        "6, 2, 3, '1, 2, 6'"
    })
    void shouldRefuseRanksThatSplitTheHeadsOfAKey(int heads, int kvHeads, int ranks, String allowed) {
        assertThatThrownBy(() -> architecture(heads, kvHeads, ranks, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("layers.0.mixer.attention: " + heads + " query heads and " + kvHeads
                        + " key and value heads can't be divided over " + ranks + " tensor ranks; allowed are ["
                        + allowed + "]");
    }

    @Test
    void shouldRefuseAVocabularySmallerThanTheRanks() {
        assertThatThrownBy(() -> architecture(128, 128, 65, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a vocabulary of 64 can't be divided over 65 tensor ranks; use at most 64");
    }

    @Test
    void shouldRefuseInnerColumnsFewerThanTheRanks() {
        // 64 columns have copies on 128 ranks, which would count twice in the sum over ranks.
        assertThatThrownBy(() -> new Division.Columns(1).part(Shape.of(DIM, 64), 128, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("64 groups of columns can't be divided over 128 ranks; allowed are as many ranks as groups,"
                        + " or fewer");
    }
}
