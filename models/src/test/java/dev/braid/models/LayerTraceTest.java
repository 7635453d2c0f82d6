package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.config.ConfigReader;
import dev.braid.models.LayerTrace.Change;
import dev.braid.models.LayerTrace.Pass;
import dev.braid.models.LayerTrace.Setting;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a rehearsal finds, against sums by hand: tokens x columns x bytes. */
class LayerTraceTest {
    private static final int TOKENS = 2 * 64;

    private static ModelConfig model(String options) {
        return ConfigReader.of(ModelConfig.class).parse("model.yaml", """
                dim: 64
                layers: 2
                context: 64
                mixers: {attn: {type: attention, heads: 4, kv_heads: 2}}
                ffns: {mlp: {type: swiglu, hidden: 160}}
                """ + options, List.of());
    }

    private static Setting setting(int ranks, boolean recompute) {
        return new Setting(DType.BF16, ranks, 2, 2, 64, recompute);
    }

    private static long net(Pass pass, Category category) {
        return pass.changes().stream()
                .filter(change -> change.category() == category)
                .mapToLong(Change::bytes)
                .sum();
    }

    private static long peak(Pass pass) {
        long live = 0;
        long peak = 0;
        for (Change change : pass.changes()) {
            live += change.bytes();
            peak = Math.max(peak, live);
        }
        return peak;
    }

    /** Two norms and their inverse sizes, packed heads, mixed heads and their log-sums, the stream between and the output. */
    private static final long FORWARD = 2 * TOKENS * (4 * 64 + 128 + 64 + 3 * 160) + 4 * TOKENS * (2 + 4);

    @Test
    void shouldKeepWhatBackwardReads() {
        LayerTrace trace = LayerTrace.of(model("pattern: [attn+mlp]"), 0, setting(1, false));
        assertThat(net(trace.forward(), Category.ACTIVATIONS)).isEqualTo(FORWARD);
        // Backward gives all of it back but the output, which the next layer reads, and the input besides.
        assertThat(net(trace.backward(), Category.ACTIVATIONS)).isEqualTo(-FORWARD);
        assertThat(net(trace.forward(), Category.WORKSPACE)).isZero();
        assertThat(trace.forward().exchanged() + trace.backward().exchanged()).isZero();
    }

    @Test
    void shouldKeepTheOutputAloneOfALayerThatIsRunAgain() {
        LayerTrace trace = LayerTrace.of(model("pattern: [attn+mlp]"), 0, setting(1, true));
        assertThat(net(trace.forward(), Category.ACTIVATIONS)).isEqualTo(2 * TOKENS * 64);
        assertThat(peak(trace.backward())).isGreaterThan(FORWARD);
    }

    @Test
    void shouldKeepNothingOfAPartThatIsNotThere() {
        LayerTrace trace = LayerTrace.of(model("pattern: [attn, attn+mlp]"), 0, setting(1, false));
        assertThat(net(trace.forward(), Category.ACTIVATIONS))
                .isEqualTo(2 * TOKENS * (64 + 128 + 64 + 64) + 4 * TOKENS * (1 + 4));
    }

    private static final String LATENT = """
            mixers: {mla: {type: mla, heads: 4, q_rank: 24, kv_rank: 16, nope_size: 8, rope_size: 6, value_size: 10}}
            ffns: {}
            pattern: [mla]
            """;

    private static ModelConfig latent() {
        return ConfigReader.of(ModelConfig.class)
                .parse("model.yaml", "dim: 64\nlayers: 2\ncontext: 64\n" + LATENT, List.of());
    }

    /**
     * The norm of the stream; the latent of queries before and behind its norm, queries; the other latent before and behind its norm,
     * the shared part of keys, what latents are expanded to; mixed heads and the output. But no keys. In F32 three norms' sizes and
     * the log-sums.
     */
    @Test
    void shouldKeepLatentsAndWhatTheyAreExpandedTo() {
        LayerTrace trace = LayerTrace.of(latent(), 0, setting(1, false));
        long columns = 64 + (24 + 24 + 4 * 14) + (16 + 16 + 6 + 4 * 18) + 4 * 10 + 64;
        assertThat(net(trace.forward(), Category.ACTIVATIONS)).isEqualTo(2 * TOKENS * columns + 4 * TOKENS * (3 + 4));
        assertThat(net(trace.backward(), Category.ACTIVATIONS)).isEqualTo(-net(trace.forward(), Category.ACTIVATIONS));
    }

    /** One gather and one sum forward; as many and a gather again backward: latents are made on every rank, not sent. */
    @Test
    void shouldExchangeNoLatents() {
        LayerTrace trace = LayerTrace.of(latent(), 0, setting(2, false));
        assertThat(trace.forward().exchanged()).isEqualTo(2 * 2 * TOKENS * 64);
        assertThat(trace.backward().exchanged()).isEqualTo(3 * 2 * TOKENS * 64);
    }

    /** Forward: two gathers and two sums; backward: as many, and two gathers again for weight gradients. */
    @Test
    void shouldCountWhatTensorRanksExchange() {
        LayerTrace trace = LayerTrace.of(model("pattern: [attn+mlp]"), 0, setting(2, false));
        assertThat(trace.forward().exchanged()).isEqualTo(4 * 2 * TOKENS * 64);
        assertThat(trace.backward().exchanged()).isEqualTo(6 * 2 * TOKENS * 64);
        LayerTrace again = LayerTrace.of(model("pattern: [attn+mlp]"), 0, setting(2, true));
        assertThat(again.backward().exchanged()).isEqualTo(10 * 2 * TOKENS * 64);
    }

    /** A layer of 3 billion weights over 8 ranks and a quarter of a million tokens: 16 GB that are never there. */
    @Test
    void shouldRehearseALayerThatFitsNoMachine() {
        ModelConfig huge = ConfigReader.of(ModelConfig.class).parse("model.yaml", """
                dim: 16384
                layers: 2
                context: 1048576
                mixers: {attn: {type: attention, heads: 128, kv_heads: 8}}
                ffns: {mlp: {type: swiglu, hidden: 53248}}
                pattern: [attn+mlp]
                """, List.of());
        LayerTrace trace = LayerTrace.of(huge, 0, new Setting(DType.BF16, 8, 2, 1, 1 << 18, false));
        assertThat(net(trace.forward(), Category.ACTIVATIONS)).isGreaterThan(15L << 30);
    }
}
