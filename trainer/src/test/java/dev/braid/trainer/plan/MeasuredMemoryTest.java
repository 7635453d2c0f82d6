package dev.braid.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.braid.data.Sample;
import dev.braid.models.Decoder;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.train.RankGroup;
import dev.braid.trainer.train.StepSettings;
import dev.braid.trainer.train.TrainStep;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A plan is held against the bytes that real training steps of one rank count. */
class MeasuredMemoryTest {
    private static final int CORES = 2;

    /**
     * The 32M shape with short and with long sequences, a small model with every option, one that is nearly all head, and hybrids:
     * one after the other, and side by side; and latent attention behind a first layer of another kind.
     */
    private static String model(String name) {
        return switch (name) {
            case "32m" -> """
                dim: 512
                layers: 8
                context: 512
                vocab: 8192
                mixers: {attn: {type: attention, heads: 8, kv_heads: 4}}
                ffns: {mlp: {type: swiglu, hidden: 1408}}
                """;
            case "small" -> """
                dim: 128
                layers: 3
                context: 512
                vocab: 8192
                tie_embeddings: true
                mixers: {attn: {type: attention, heads: 4, kv_heads: 2, qkv_bias: true, qk_norm: head}}
                ffns: {mlp: {type: swiglu, hidden: 384}}
                """;
            case "serial" -> """
                dim: 128
                layers: 4
                context: 512
                vocab: 8192
                mixers:
                  mamba: {type: mamba2, heads: 4, head_size: 64, state_size: 32}
                  delta: {type: gated_deltanet, heads: 2, key_size: 32}
                  time: {type: rwkv7, head_size: 32}
                  attn: {type: attention, heads: 4, window: 64}
                ffns: {mlp: {type: swiglu, hidden: 384}, channels: {type: rwkv_channel_mix, hidden: 384}}
                norms: {delta: post}
                norm: layer
                embedding_norm: true
                """;
            case "parallel" -> """
                dim: 128
                layers: 3
                context: 512
                vocab: 8192
                mixers:
                  both:
                    type: parallel
                    branches:
                      attn: {type: attention, heads: 4}
                      ssm: {type: mamba2, heads: 4, head_size: 64, state_size: 32}
                    output_scales: {ssm: 0.5}
                ffns: {mlp: {type: swiglu, hidden: 384, gate_scale: 0.5}}
                norms: {both: sandwich}
                """;
            case "latent" -> """
                dim: 128
                layers: 3
                context: 512
                vocab: 8192
                mixers:
                  mla: {type: mla, heads: 4, q_rank: 96, kv_rank: 64, nope_size: 32, rope_size: 16, value_size: 24}
                ffns: {mlp: {type: swiglu, hidden: 384}, wide: {type: swiglu, hidden: 768}}
                first_layers: [mla+wide]
                """;
            default -> """
                dim: 64
                layers: 2
                context: 512
                vocab: 8192
                mixers: {attn: {type: attention, heads: 2}}
                ffns: {mlp: {type: swiglu, hidden: 128}}
                """;
        };
    }

    private static String pattern(String name) {
        return switch (name) {
            case "serial" -> "[mamba, delta+mlp, time+channels, attn+mlp]";
            case "parallel" -> "[both+mlp]";
            case "latent" -> "[mla+mlp]";
            default -> "[attn+mlp]";
        };
    }

    private static Experiment experiment(
            String model, String compute, String recompute, int sequences, int microbatch, int sequence) {
        String yaml = """
                model:
                %s  pattern: %s
                data:
                  sources: [{path: jdk-source}]
                  tokenizer: {type: bpe, vocab: 8192}
                  sequence: %d
                batch: {sequences: %d, microbatch: %d}
                train: {steps: 2, recompute: %s}
                optimizer: {type: adamw, lr: 1e-3}
                precision: {compute: %s}
                """.formatted(
                        model(model).indent(2), pattern(model), sequence, sequences, microbatch, recompute, compute);
        return Experiment.parse("measured.yaml", yaml, List.of());
    }

    @ParameterizedTest
    @CsvSource({
        "32m, bf16, none, 2, 2, 512",
        "32m, bf16, block, 2, 2, 512",
        "32m, f32, none, 2, 2, 512",
        "32m, f32, block, 2, 2, 512",
        "32m, bf16, none, 2, 1, 64",
        "small, bf16, none, 4, 4, 512",
        "small, bf16, block, 8, 4, 512",
        "small, f32, none, 8, 8, 128",
        "small, f32, block, 8, 8, 128",
        "tiny, bf16, none, 4, 2, 64",
        "tiny, f32, none, 4, 4, 256",
        "tiny, bf16, block, 8, 8, 512",
        "serial, bf16, none, 4, 4, 512",
        "serial, f32, block, 4, 2, 256",
        "parallel, bf16, none, 4, 4, 512",
        "parallel, f32, block, 4, 4, 256",
        "latent, bf16, none, 4, 4, 512",
        "latent, f32, block, 4, 2, 256",
    })
    void shouldForetellThePeakWithinFivePercent(
            String model, String compute, String recompute, int sequences, int microbatch, int sequence) {
        Experiment experiment = experiment(model, compute, recompute, sequences, microbatch, sequence);
        Plan plan = Plan.of(PlanInput.of(experiment, 8192, CORES));
        try (Compute real = new Compute(CORES, "auto", "measured")) {
            Decoder decoder = train(experiment, real);
            ZeroMemory held = plan.held();
            assertThat((double) held.parameters()).isCloseTo(live(real, Category.PARAMETERS), withinPercentage(0.2));
            assertThat((double) held.gradients()).isCloseTo(live(real, Category.GRADIENTS), withinPercentage(0.2));
            assertThat((double) held.optimizer()).isCloseTo(live(real, Category.OPTIMIZER), withinPercentage(0.2));
            assertThat(plan.parameters()).isEqualTo(decoder.parameterCount());
            assertThat((double) plan.total()).isCloseTo(real.memory().peak(), withinPercentage(5));
        }
    }

    private static double live(Compute compute, Category category) {
        return compute.memory().live(category);
    }

    private static Decoder train(Experiment experiment, Compute compute) {
        Decoder model = new Decoder(
                experiment.model(), 8192, compute, experiment.precision().computeType());
        model.initialize(1);
        TrainStep step = new TrainStep(
                model,
                new AdamW((AdamWConfig) experiment.optimizer(), model.parameters(), compute),
                StepSettings.of(experiment),
                RankGroup.ALONE);
        SplittableRandom random = new SplittableRandom(5);
        step.run(0, samples(random, experiment));
        return model;
    }

    private static List<Sample> samples(SplittableRandom random, Experiment experiment) {
        int length = experiment.sequence();
        int[] positions = IntStream.range(0, length).toArray();
        return IntStream.range(0, experiment.batch().sequences())
                .mapToObj(index -> random.ints(length + 1L, 0, 8192).toArray())
                .map(tokens -> new Sample(
                        Arrays.copyOf(tokens, length),
                        Arrays.copyOfRange(tokens, 1, length + 1),
                        positions,
                        new int[length]))
                .toList();
    }
}
