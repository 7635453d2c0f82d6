package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.Parameter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A model of RWKV-7's blocks, whose later layers look back to the values of the first one. */
class Rwkv7DecoderTest {
    private static final int VOCABULARY = 23;
    private static final int DIM = 12;
    private static final int LAYERS = 3;
    private static final double EPSILON = 1e-5;
    private static final Rwkv7Config RWKV = new Rwkv7Config(4, 3, 2, 2, 5, 1e-6);
    private static final int[] TOKENS = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5};
    private static final int[] LABELS = {1, 4, 1, 5, Batch.IGNORED, 2, 6, 5, 3, 5, 8};

    private static ModelConfig model() {
        return new ModelConfig(
                DIM,
                LAYERS,
                64,
                false,
                Map.of("rwkv", RWKV),
                Map.of("mix", new RwkvChannelMixConfig(19)),
                List.of("rwkv+mix"),
                Optional.empty(),
                EPSILON,
                0.2);
    }

    @Test
    void shouldGiveLossAndGradientsOfThePlainFormula() {
        try (Compute compute = new Compute(2, "auto", "test")) {
            Decoder decoder = new Decoder(model(), VOCABULARY, compute, DType.F32);
            decoder.initialize(7);
            Map<String, double[]> weights = weights(decoder);
            double loss = train(decoder);
            assertThat(loss).isCloseTo(plainLoss(weights), within(1e-5 * loss));
            Random random = new Random(11);
            for (Parameter parameter : decoder.parameters()) {
                double[] values = weights.get(parameter.name());
                double largest = largest(parameter.gradient().toFloats());
                assertThat(largest).as("gradient of %s", parameter.name()).isPositive();
                for (int trial = 0; trial < 3; trial++) {
                    int index = random.nextInt(values.length);
                    assertThat((double) parameter.gradient().get(index))
                            .as("gradient of %s[%d]", parameter.name(), index)
                            .isCloseTo(difference(weights, values, index), within(1e-4 * largest + 1e-6));
                }
            }
        }
    }

    private static double train(Decoder decoder) {
        decoder.store().beginStep(1);
        try (Batch batch = batch(decoder.compute());
                Tape tape = decoder.trainingTape()) {
            double loss = decoder.loss(tape, batch, 1, false);
            tape.backward();
            decoder.store().finishGradients();
            return loss;
        }
    }

    private static Batch batch(Compute compute) {
        Batch batch = Batch.allocate(compute.memory(), 1, TOKENS.length);
        batch.set(0, TOKENS, LABELS, new int[TOKENS.length], new int[TOKENS.length]);
        return batch;
    }

    private static Map<String, double[]> weights(Decoder decoder) {
        Map<String, double[]> weights = new LinkedHashMap<>();
        decoder.parameters()
                .forEach(parameter -> weights.put(
                        parameter.name(), LoneMixer.doubles(parameter.master().toFloats())));
        return weights;
    }

    private static double[][] plainLogits(Map<String, double[]> weights) {
        double[][] x = new double[TOKENS.length][];
        for (int t = 0; t < TOKENS.length; t++) {
            x[t] = PlainMath.columns(weights.get("embedding.weight"), TOKENS[t] * DIM, DIM);
        }
        Optional<double[][]> first = Optional.empty();
        for (int layer = 0; layer < LAYERS; layer++) {
            String prefix = "layers." + layer + ".";
            PlainRwkv7 plain = new PlainRwkv7(RWKV, part(weights, prefix + "mixer."), EPSILON);
            PlainRwkv7.Mixed mixed = plain.timeMix(norm(x, weights.get(prefix + "mixer_norm.weight")), first);
            x = sum(x, mixed.out());
            first = first.isPresent() ? first : Optional.of(mixed.values());
            double[][] normed = norm(x, weights.get(prefix + "ffn_norm.weight"));
            x = sum(x, PlainRwkv7.channelMix(normed, part(weights, prefix + "ffn.")));
        }
        return PlainMath.linear(norm(x, weights.get("norm.weight")), weights.get("head.weight"));
    }

    private static double[][] norm(double[][] x, double[] weight) {
        return PlainMath.rmsNorm(x, DIM, weight, EPSILON);
    }

    private static Map<String, double[]> part(Map<String, double[]> weights, String prefix) {
        Map<String, double[]> part = new LinkedHashMap<>();
        weights.forEach((name, values) -> {
            if (name.startsWith(prefix)) {
                part.put(name.substring(prefix.length()), values);
            }
        });
        return part;
    }

    private static double[][] sum(double[][] a, double[][] b) {
        double[][] sum = new double[a.length][a[0].length];
        for (int t = 0; t < a.length; t++) {
            for (int c = 0; c < a[t].length; c++) {
                sum[t][c] = a[t][c] + b[t][c];
            }
        }
        return sum;
    }

    private static double plainLoss(Map<String, double[]> weights) {
        double[][] logits = plainLogits(weights);
        double loss = 0;
        for (int t = 0; t < TOKENS.length; t++) {
            if (LABELS[t] != Batch.IGNORED) {
                double all = 0;
                for (double logit : logits[t]) {
                    all += Math.exp(logit);
                }
                loss += Math.log(all) - logits[t][LABELS[t]];
            }
        }
        return loss;
    }

    private static double difference(Map<String, double[]> weights, double[] values, int index) {
        double value = values[index];
        double step = 1e-5;
        values[index] = value + step;
        double above = plainLoss(weights);
        values[index] = value - step;
        double below = plainLoss(weights);
        values[index] = value;
        return (above - below) / (2 * step);
    }

    private static double largest(float[] values) {
        double largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    @ParameterizedTest
    @ValueSource(strings = {"3", "1 2", "1 1 1", "0 3 0"})
    void shouldDecodeWhatItScoresAtOnce(String layers) {
        StageSplit split = StageSplit.byHand(
                List.of(layers.split(" ")).stream().map(Integer::valueOf).toList());
        List<Integer> stages = List.of(0, 1, 2).subList(0, split.stages().size());
        try (Compute compute = new Compute(1, "auto", "test")) {
            Decoder decoder = new Decoder(model(), VOCABULARY, compute, DType.F32, Layout.SINGLE, split, stages);
            decoder.initialize(7);
            double[][] expected = plainLogits(weights(decoder));
            try (DecodeState state = decoder.newState(TOKENS.length)) {
                assertClose(decoder.step(state, new int[] {3, 1, 4}), expected[2]);
                for (int t = 3; t < TOKENS.length; t++) {
                    assertClose(decoder.step(state, new int[] {TOKENS[t]}), expected[t]);
                }
            }
        }
    }

    private static void assertClose(float[] logits, double[] expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) logits[i]).isCloseTo(expected[i], within(1e-4));
        }
    }

    @Test
    void shouldPassTheFirstValuesOnOnlyToStagesThatReadThem() {
        ModelConfig hybrid = new ModelConfig(
                DIM,
                4,
                64,
                false,
                Map.of(
                        "rwkv",
                        RWKV,
                        "attn",
                        new AttentionConfig(3, Optional.empty(), Optional.empty(), Optional.empty(), false, false)),
                Map.of("mlp", new SwiGluConfig(8)),
                List.of("attn+mlp", "rwkv+mlp", "rwkv+mlp", "attn+mlp"),
                Optional.empty(),
                EPSILON,
                0.2);
        try (Compute compute = new Compute(1, "auto", "test")) {
            StageSplit split = StageSplit.byHand(List.of(1, 1, 1, 1));
            Decoder decoder =
                    new Decoder(hybrid, VOCABULARY, compute, DType.BF16, Layout.SINGLE, split, List.of(0, 1, 2, 3));
            StageOutput hidden = new StageOutput("hidden", DType.BF16, Shape.of(22, DIM), 22, false, true);
            StageOutput first = new StageOutput("mixer.v_first", DType.BF16, Shape.of(22, DIM), 22, false, true);
            assertThat(decoder.outputs(0, 22)).containsExactly(hidden);
            assertThat(decoder.outputs(1, 22)).containsExactly(hidden, first);
            assertThat(decoder.outputs(2, 22)).containsExactly(hidden);
            assertThat(decoder.outputs(3, 22)).isEmpty();
        }
    }
}
