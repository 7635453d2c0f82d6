package dev.braid.trainer.train;

import dev.braid.config.ConfigReader;
import dev.braid.data.Sample;
import dev.braid.models.AttentionConfig;
import dev.braid.models.ModelConfig;
import dev.braid.models.RopeConfig;
import dev.braid.models.SwiGluConfig;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.optimizers.ScheduleConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Models, batches and hyper-parameters on which Braid and PyTorch train side by side. Everything follows from formulas, so
 * that the losses that PyTorch gave once can stand in a file.
 *
 * @param name key in {@code hf_losses.json}
 * @param vocabulary number of token ids
 * @param length tokens a sequence
 * @param sequences sequences a step
 * @param microbatch sequences at a time in Braid (PyTorch takes all at once)
 */
record ParityCase(String name, ModelConfig model, int vocabulary, int length, int sequences, int microbatch) {
    static final int STEPS = 50;
    static final long SEED = 20;
    static final AdamWConfig OPTIMIZER = new AdamWConfig(3e-3, List.of(0.9, 0.95), 1e-8, 0.1, Optional.of(1.0));
    /** What {@code hf_losses.py} does without options: 30 steps of warm-up in a run of 300. */
    static final ScheduleConfig SCHEDULE = new ScheduleConfig.WarmupStableDecay(30, 60, 0.1);

    static final int TOTAL_STEPS = 300;

    /** Heads that share B and C in groups. */
    private static final String MAMBA2 = """
            dim: 48
            layers: 3
            context: 2048
            tie_embeddings: true
            mixers: {mamba: {type: mamba2, heads: 6, head_size: 16, state_size: 24, groups: 2}}
            ffns: {}
            init_std: 0.15
            pattern: [mamba]
            """;

    /** Both kinds of layers, value heads that share queries and keys. */
    private static final String OLMO_HYBRID = """
            dim: 48
            layers: 4
            context: 72
            norm_eps: 1.0e-6
            norms: {attn: post}
            mixers:
              gdn:
                type: gated_deltanet
                heads: 2
                value_heads: 4
                key_size: 16
                value_size: 24
                negative_eigenvalues: true
                norm_eps: 1.0e-5
              attn: {type: attention, heads: 4, kv_heads: 2, qk_norm: width}
            ffns: {mlp: {type: swiglu, hidden: 131}}
            pattern: [gdn+mlp, gdn+mlp, gdn+mlp, attn+mlp]
            """;

    /** Both branches, and every factor that the type has. */
    private static final String FALCON_H1 = """
            dim: 48
            layers: 2
            context: 72
            embedding_scale: 2.5
            logit_scale: 0.5
            mixers:
              hybrid:
                type: parallel
                branches:
                  ssm:
                    type: mamba2
                    heads: 4
                    head_size: 24
                    state_size: 20
                    groups: 2
                    norm: norm_first
                    norm_groups: 2
                    factors: {z: 0.5, x: 0.6, b: 0.7, c: 0.8, dt: 0.9}
                  attn: {type: attention, heads: 3, kv_heads: 1, scale: 0.15}
                input_scales: {ssm: 1.3, attn: 1.1}
                output_scales: {ssm: 0.75, attn: 0.9}
            ffns: {mlp: {type: swiglu, hidden: 131, gate_scale: 0.7, down_scale: 0.8}}
            init_std: 0.15
            pattern: [hybrid+mlp]
            """;

    /** Wide initial weights, so that the router's probabilities are far apart. */
    private static final String MIXTRAL = """
            dim: 48
            layers: 3
            context: 64
            mixers: {attn: {type: attention, heads: 4, kv_heads: 2, rope: {base: 1000000}}}
            ffns: {moe: {type: moe, experts: 6, top_k: 2, hidden: 40, balance: {loss: LOSS, coefficient: 0.05}}}
            init_std: 0.15
            pattern: [attn+moe]
            """;

    static List<ParityCase> all() {
        List<ParityCase> all = new ArrayList<>(llamas());
        all.addAll(hybrids());
        all.addAll(mixtures());
        return all;
    }

    /** Mixtures of experts, without balance loss and with one. All sequences at a time, since that loss is one of the micro-batch. */
    private static List<ParityCase> mixtures() {
        return List.of(
                mixture("mixtral", MIXTRAL.replace("LOSS", "none")),
                mixture("mixtral-balanced", MIXTRAL.replace("LOSS", "switch")));
    }

    private static ParityCase mixture(String name, String model) {
        ModelConfig config = ConfigReader.of(ModelConfig.class).parse(name, model, List.of());
        return new ParityCase(name, config, 211, 64, 6, 6);
    }

    private static List<ParityCase> llamas() {
        return List.of(
                new ParityCase("three-heads-odd-hidden", model(48, 3, 64, false, 3, 1, 131, false), 257, 64, 8, 4),
                new ParityCase("grouped-tied", model(64, 2, 48, true, 8, 2, 172, false), 300, 48, 6, 6),
                new ParityCase("biases", model(96, 2, 40, true, 4, 4, 200, true), 199, 40, 6, 2));
    }

    /**
     * State space models and hybrids, on sequences longer than a chunk of the recurrence. Mamba-2's initial weights are wide,
     * since with narrow ones steps and scores hardly change what a model computes and a wrong factor of theirs would not show.
     */
    private static List<ParityCase> hybrids() {
        return List.of(
                hybrid("mamba2", MAMBA2, 257, 80),
                hybrid("olmo-hybrid", OLMO_HYBRID, 199, 72),
                hybrid("falcon-h1", FALCON_H1, 300, 72));
    }

    private static ParityCase hybrid(String name, String model, int vocabulary, int length) {
        ModelConfig config = ConfigReader.of(ModelConfig.class).parse(name, model, List.of());
        return new ParityCase(name, config, vocabulary, length, 6, 3);
    }

    private static ModelConfig model(
            int dim, int layers, int context, boolean tied, int heads, int kvHeads, int hidden, boolean bias) {
        AttentionConfig attention = new AttentionConfig(
                heads, Optional.of(kvHeads), Optional.empty(), Optional.of(new RopeConfig(10000)), bias, false);
        return new ModelConfig(
                dim,
                layers,
                context,
                tied,
                Map.of("attn", attention),
                Map.of("mlp", new SwiGluConfig(hidden)),
                List.of("attn+mlp"),
                Optional.empty(),
                1e-5,
                0.02);
    }

    /** The samples of step {@code step}: a text with something to learn, drawn by a small generator. */
    List<Sample> samples(int step) {
        List<Sample> samples = new ArrayList<>();
        for (int s = 0; s < sequences; s++) {
            long state = 1_000_003L * step + 7919L * s + 17;
            int[] tokens = new int[length + 1];
            int token = (int) (state % vocabulary);
            for (int t = 0; t <= length; t++) {
                tokens[t] = token;
                state = (state * 6364136223846793005L + 1442695040888963407L);
                int noise = (int) ((state >>> 33) % 11);
                token = (token * 5 + 3 + (noise < 8 ? 0 : noise)) % vocabulary;
            }
            int[] labels = Arrays.copyOfRange(tokens, 1, length + 1);
            labels[(step + s) % length] = -100;
            int[] positions = new int[length];
            Arrays.setAll(positions, t -> t);
            samples.add(new Sample(Arrays.copyOf(tokens, length), labels, positions, new int[length]));
        }
        return samples;
    }

    @Override
    public String toString() {
        return name;
    }
}
