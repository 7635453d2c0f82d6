package dev.braid.trainer.train;

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

    static List<ParityCase> all() {
        return List.of(
                new ParityCase("three-heads-odd-hidden", model(48, 3, 64, false, 3, 1, 131, false), 257, 64, 8, 4),
                new ParityCase("grouped-tied", model(64, 2, 48, true, 8, 2, 172, false), 300, 48, 6, 6),
                new ParityCase("biases", model(96, 2, 40, true, 4, 4, 200, true), 199, 40, 6, 2));
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
