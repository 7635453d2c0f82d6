package dev.braid.tensor.attention;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a sliding window sees, and that the rest is not even looked at. */
@Tag("widths")
class AttentionWindowTest {
    private static final int SEED = 3;

    private static AttentionSpec windowed(int length, int window, int sinks) {
        return AttentionSpec.causal(
                1, length, new AttentionOptions(0.3f, AttentionOptions.UNCAPPED, new Window(window, sinks)));
    }

    /** A row for each query, a column for each key: x where it sees it. */
    private static String drawn(AttentionSpec spec) {
        StringBuilder text = new StringBuilder();
        for (int query = 0; query < spec.queries(); query++) {
            for (int key = 0; key < spec.keys(); key++) {
                text.append(spec.sees(query, key) ? 'x' : '.');
            }
            text.append('\n');
        }
        return text.toString();
    }

    @Test
    void shouldSeeTheLastKeysItsOwnIncluded() {
        assertThat(drawn(windowed(5, 2, 0))).isEqualTo("""
                x....
                xx...
                .xx..
                ..xx.
                ...xx
                """);
    }

    @Test
    void shouldSeeTheSinksBesideTheWindow() {
        assertThat(drawn(windowed(6, 2, 2))).isEqualTo("""
                x.....
                xx....
                xxx...
                xxxx..
                xx.xx.
                xx..xx
                """);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 40})
    void shouldCountThePairsThatItDraws(int sinks) {
        AttentionSpec spec = windowed(30, 4, sinks);
        assertThat(spec.visiblePairs())
                .isEqualTo(drawn(spec).chars().filter(mark -> mark == 'x').count());
        assertThat(new Window(4, sinks).visiblePairs(30)).isEqualTo(spec.visiblePairs());
    }

    /** Blocks of 8 queries by 64 keys that have to be computed. */
    private static long tiles(AttentionSpec spec) {
        long tiles = 0;
        for (int query = 0; query < spec.queries(); query += 8) {
            for (int key = 0; key < spec.keys(); key += 64) {
                tiles += spec.seesAny(query, query + 7, key, 64) ? 1 : 0;
            }
        }
        return tiles;
    }

    @Test
    void shouldComputeTilesInProportionToTheLengthOnly() {
        // A query strip sees the block of its own keys and the two that its window of 128 reaches back into.
        assertThat(tiles(windowed(4096, 128, 0))).isEqualTo(1512);
        assertThat(tiles(windowed(8192, 128, 0))).isEqualTo(1512 + 4096 / 8 * 3);
        assertThat(tiles(AttentionSpec.causal(1, 4096, 64))).isEqualTo(8L * 64 * 65 / 2);
    }

    @Test
    void shouldNotReadWhatLiesOutsideOfAllWindowsOfATask() {
        try (Compute compute = new Compute(1, "vector", "test")) {
            // Queries 512 to 575 see keys 448 at the earliest, and the four sinks in the first block of 64.
            AttentionSpec spec =
                    new AttentionSpec(1, 64, 576, 512, 0, true, new AttentionOptions(0.3f, 5, new Window(65, 4)));
            Case one = new Case(compute, spec, 2, 1, 8, DType.F32, SEED);
            long columns = one.k.tensor().shape().columns();
            for (long row = 64; row < 448; row++) {
                for (long column = one.k.firstColumn(); column < columns; column++) {
                    one.k.tensor().set(row * columns + column, Float.NaN);
                }
            }
            one.forward(new VectorAttention()).backward(new VectorAttention());
            assertThat(one.o.tensor().toFloats()).doesNotContain(Float.NaN);
            for (int query = 0; query < 64; query++) {
                assertThat(one.queryValues(one.dq)[query][1]).as("dq %d", query).doesNotContain(Double.NaN);
            }
            for (int key = 64; key < 448; key++) {
                assertThat(one.keyValues(one.dk)[key][0]).as("dk %d", key).containsOnly(0);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 64, 100})
    void shouldGiveEveryQueryTheSameBitsHoweverQueriesAreSplit(int split) {
        try (Compute compute = new Compute(2, "vector", "test")) {
            int length = 200;
            AttentionOptions options = new AttentionOptions(0.3f, 4, new Window(50, 3));
            AttentionSpec spec = AttentionSpec.causal(1, length, options);
            Case one = new Case(compute, spec, 4, 2, 20, DType.F32, SEED).forward(new VectorAttention());
            float[] whole = one.o.tensor().toFloats();
            for (int first = 0; first < length; first += split) {
                int queries = Math.min(split, length - first);
                AttentionSpec part = new AttentionSpec(1, queries, length, first, 0, true, options);
                Heads q = rows(one.q, first, queries);
                Attention.forward(compute, part, q, one.k, one.v, rows(one.o, first, queries), null);
            }
            assertThat(one.o.tensor().toFloats()).as("seed %d", SEED).isEqualTo(whole);
        }
    }

    private static Heads rows(Heads heads, int first, int rows) {
        return new Heads(heads.tensor().rows(first, rows), heads.firstColumn(), heads.heads(), heads.headSize());
    }
}
