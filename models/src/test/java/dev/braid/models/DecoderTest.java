package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.config.ConfigReader;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.parameters.Parameter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The fast model against plain double loops, and against itself in the ways it can be run. */
class DecoderTest {
    private static final int VOCABULARY = 29;
    private static final int LENGTH = 13;
    private static final int SEQUENCES = 2;

    /** A model with its name, for the test's title. */
    record Case(String name, ModelConfig config) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> cases() {
        Optional<RopeConfig> rope = Optional.of(new RopeConfig(10000));
        return List.of(
                new Case("multi-head, tied", config(24, true, attention(3, 3, rope, false, false), 37)),
                new Case("grouped, separate head", config(32, false, attention(4, 2, rope, false, false), 40)),
                new Case("multi-query, biases", config(24, false, attention(3, 1, rope, true, false), 33)),
                new Case("q/k norm", config(24, true, attention(6, 3, rope, false, true), 17)),
                new Case(
                        "no positions, odd heads", config(15, false, attention(3, 1, Optional.empty(), true, true), 7)),
                new Case("window, sinks", config(24, true, windowed(4, 2), 20)),
                new Case("window of one token", config(24, true, windowed(1, 0), 20)),
                new Case("cap, scale, part of the heads rotated, biases", config(24, true, capped(), 20)),
                parsed("q/k norm over the width", true, "pattern: [width+mlp]\n"),
                new Case("gate", config(24, false, gated(false), 20)),
                new Case("gate, biases", config(24, false, gated(true), 20)),
                new Case("geglu", config(24, true, windowed(4, 0), new GeGluConfig(35))),
                new Case("squared relu", config(24, true, windowed(4, 0), new ReluSquaredConfig(35))),
                parsed("norms after, one layer without a feed-forward", false, """
                        pattern: [attn, attn+mlp]
                        norms: {attn: post}
                        """),
                parsed("norms around, factors, bounded logits, tied", true, """
                        pattern: [attn+mlp]
                        norms: {attn: sandwich}
                        embedding_scale: sqrt_dim
                        embedding_norm: true
                        logit_scale: 0.75
                        logit_soft_cap: 1.5
                        """),
                parsed("parallel branches, a sum", false, """
                        pattern: [both+mlp, attn+mlp]
                        norms: {both: sandwich}
                        """),
                parsed("parallel branches, scaled", false, """
                        pattern: [scaled+mlp, attn]
                        logit_scale: 3
                        """),
                parsed("parallel branches, normalised and mixed", true, """
                        pattern: [mixed+mlp, attn]
                        """),
                parsed("zero-centred norms around", true, """
                        pattern: [attn+mlp]
                        norm: rms_zero_centered
                        norms: {attn: sandwich}
                        """),
                parsed("layer norms, one behind the embedding", false, """
                        pattern: [attn+mlp]
                        norm: layer
                        embedding_norm: true
                        """),
                parsed("feed-forward with factors", false, """
                        pattern: [attn+scaled_mlp]
                        """));
    }

    /** Two layers of width 24 with any of these parts. */
    private static Case parsed(String name, boolean tied, String options) {
        String branches = "branches: {a: {type: attention, heads: 3}, b: {type: attention, heads: 6, kv_heads: 3}}";
        Map<String, String> mixers = Map.of(
                "attn", "{type: attention, heads: 3}",
                "width", "{type: attention, heads: 4, kv_heads: 2, qk_norm: width}",
                "both", "{type: parallel, %s}".formatted(branches),
                "scaled",
                        "{type: parallel, %s, input_scales: {a: 2.5}, output_scales: {a: 0.5, b: -1.25}}"
                                .formatted(branches),
                "mixed", "{type: parallel, %s, mix: learned, output_norm: true}".formatted(branches));
        String ffn = options.contains("scaled_mlp")
                ? "scaled_mlp: {type: swiglu, hidden: 19, gate_scale: 1.75, down_scale: 0.5}"
                : "mlp: {type: swiglu, hidden: 19}";
        String used = mixers.entrySet().stream()
                .filter(mixer -> options.contains(mixer.getKey() + "+") || options.contains(mixer.getKey() + "]"))
                .map(mixer -> mixer.getKey() + ": " + mixer.getValue())
                .collect(Collectors.joining(", "));
        return new Case(
                name,
                ConfigReader.of(ModelConfig.class)
                        .parse("model.yaml", """
                dim: 24
                layers: 2
                context: %d
                tie_embeddings: %s
                mixers: {%s}
                ffns: {%s}
                init_std: 0.2
                """.formatted(LENGTH, tied, used, ffn) + options, List.of()));
    }

    private static AttentionConfig windowed(int window, int sinks) {
        return new AttentionConfig(
                3,
                Optional.of(1),
                Optional.empty(),
                Optional.of(new RopeConfig(10000)),
                false,
                false,
                QkNorm.HEAD,
                Optional.empty(),
                Optional.empty(),
                Optional.of(window),
                sinks,
                false);
    }

    private static AttentionConfig capped() {
        return new AttentionConfig(
                3,
                Optional.of(3),
                Optional.empty(),
                Optional.of(new RopeConfig(100, 0.5, Optional.empty())),
                true,
                true,
                QkNorm.NONE,
                Optional.of(0.7),
                Optional.of(1.5),
                Optional.empty(),
                0,
                false);
    }

    private static AttentionConfig gated(boolean bias) {
        return new AttentionConfig(
                4,
                Optional.of(2),
                Optional.empty(),
                Optional.of(new RopeConfig(10000)),
                bias,
                bias,
                QkNorm.NONE,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                true);
    }

    private static AttentionConfig attention(
            int heads, int kvHeads, Optional<RopeConfig> rope, boolean bias, boolean norm) {
        return new AttentionConfig(heads, Optional.of(kvHeads), Optional.empty(), rope, bias, norm);
    }

    private static ModelConfig config(int dim, boolean tied, AttentionConfig attention, int hidden) {
        return config(dim, tied, attention, new SwiGluConfig(hidden));
    }

    private static ModelConfig config(int dim, boolean tied, AttentionConfig attention, FeedForwardConfig ffn) {
        return new ModelConfig(
                dim,
                2,
                LENGTH,
                tied,
                Map.of("attn", attention),
                Map.of("mlp", ffn),
                List.of("attn+mlp"),
                Optional.empty(),
                1e-5,
                0.2);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldGiveLossAndGradientsOfThePlainFormula(Case model) {
        try (Compute compute = new Compute(1, "auto", "test")) {
            Decoder decoder = decoder(model, compute, DType.F32);
            ReferenceDecoder reference = reference(decoder);
            double loss = train(decoder, null, false);
            assertThat(loss).isCloseTo(referenceLoss(reference), within(1e-5 * Math.abs(loss)));
            Random random = new Random(11);
            for (Parameter parameter : decoder.parameters()) {
                double[] values = reference.parameters.get(parameter.name());
                double largest = largest(parameter.gradient());
                for (int trial = 0; trial < 4; trial++) {
                    int index = random.nextInt(values.length);
                    double expected = difference(reference, values, index);
                    assertThat((double) parameter.gradient().get(index))
                            .as("gradient of %s[%d]", parameter.name(), index)
                            .isCloseTo(expected, within(1e-4 * largest + 1e-6));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldGiveTheSameBitsWhenWeightHalvesWait(Case model) {
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
            try (Compute compute = new Compute(2, "auto", "test")) {
                Decoder decoder = decoder(model, compute, dtype);
                train(decoder, null, false);
                Map<String, float[]> together = gradients(decoder);
                WeightQueue queue = new WeightQueue();
                train(decoder, queue, false);
                assertThat(gradients(decoder).lastEntry().getValue())
                        .as("nothing has been added yet")
                        .containsOnly(0f);
                queue.run();
                decoder.store().finishGradients();
                Bits.assertSame(gradients(decoder), together);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldGiveTheSameBitsWhenBlocksAreRecomputed(Case model) {
        try (Compute compute = new Compute(2, "auto", "test")) {
            Decoder decoder = decoder(model, compute, DType.BF16);
            double kept = train(decoder, null, false);
            Map<String, float[]> expected = gradients(decoder);
            double again = train(decoder, null, true);
            assertThat(again).isEqualTo(kept);
            Bits.assertSame(gradients(decoder), expected);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldDecodeWithACacheWhatItScoresAtOnce(Case model) {
        try (Compute compute = new Compute(2, "auto", "test")) {
            Decoder decoder = decoder(model, compute, DType.F32);
            double[][] expected = reference(decoder).logits(tokens(0));
            try (DecodeState state = decoder.newState(LENGTH)) {
                int[] tokens = tokens(0);
                assertThat(decoder.step(state, new int[] {tokens[0], tokens[1], tokens[2]}))
                        .usingComparatorWithPrecision(1e-4f)
                        .containsExactly(floats(expected[2]));
                for (int t = 3; t < LENGTH; t++) {
                    assertThat(decoder.step(state, new int[] {tokens[t]}))
                            .as("position %d", t)
                            .usingComparatorWithPrecision(1e-4f)
                            .containsExactly(floats(expected[t]));
                }
            }
        }
    }

    @Test
    void shouldHoldNoActivationsAfterAStep() {
        try (Compute compute = new Compute(2, "auto", "test")) {
            Decoder decoder = decoder(cases().get(1), compute, DType.BF16);
            train(decoder, null, false);
            // What the engines keep for packing stays from the first product on.
            long before = compute.memory().live();
            train(decoder, null, false);
            train(decoder, null, true);
            WeightQueue queue = new WeightQueue();
            train(decoder, queue, true);
            assertThat(compute.memory().live(Category.ACTIVATIONS)).isPositive();
            queue.run();
            assertThat(compute.memory().live(Category.ACTIVATIONS)).isZero();
            assertThat(compute.memory().live()).isEqualTo(before);
        }
    }

    @Test
    void shouldDrawWeightsThatDependOnSeedAndNameOnly() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            Decoder small = decoder(cases().get(0), compute, DType.F32);
            Decoder other = decoder(cases().get(2), compute, DType.F32);
            float[] ofSmall = small.parameters().getFirst().master().toFloats();
            float[] ofOther = other.parameters().getFirst().master().toFloats();
            assertThat(small.parameters().getFirst().name()).isEqualTo("embedding.weight");
            assertThat(ofSmall).containsExactly(ofOther);
            small.initialize(8);
            assertThat(small.parameters().getFirst().master().toFloats()).isNotEqualTo(ofSmall);
        }
    }

    @Test
    void shouldCountParametersAndModelFlops() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            Decoder decoder = decoder(cases().get(1), compute, DType.F32);
            // a layer: q 32x32, k and v 16x32, output 32x32, gate, up and down 40x32, two norms of 32
            long layer = 1024 + 512 + 512 + 1024 + 3 * 1280 + 64;
            assertThat(decoder.parameterCount()).isEqualTo(2 * layer + 32 + 2 * 29 * 32);
            // products: all matrices but the embedding; 4 heads of 8 see 7 keys on average, two products, 3 passes
            double products = 6.0 * (2 * (layer - 64) + 29 * 32);
            assertThat(decoder.flopsPerToken(13)).isEqualTo(products + 2 * 3 * 4 * 32 * 7.0);
        }
    }

    private static Decoder decoder(Case model, Compute compute, DType dtype) {
        Decoder decoder = new Decoder(model.config, VOCABULARY, compute, dtype);
        decoder.initialize(7);
        return decoder;
    }

    private static ReferenceDecoder reference(Decoder decoder) {
        ReferenceDecoder reference = new ReferenceDecoder(decoder.config(), VOCABULARY);
        for (Parameter parameter : decoder.parameters()) {
            float[] values = parameter.master().toFloats();
            double[] wide = new double[values.length];
            for (int i = 0; i < values.length; i++) {
                wide[i] = values[i];
            }
            reference.parameters.put(parameter.name(), wide);
        }
        return reference;
    }

    private static double train(Decoder decoder, WeightQueue queue, boolean recompute) {
        Compute compute = decoder.compute();
        decoder.store().beginStep(1);
        try (Batch batch = Batch.allocate(compute.memory(), SEQUENCES, LENGTH);
                Tape tape = decoder.trainingTape(queue)) {
            int[] positions = new int[LENGTH];
            for (int t = 0; t < LENGTH; t++) {
                positions[t] = t;
            }
            for (int s = 0; s < SEQUENCES; s++) {
                batch.set(s, tokens(s), labels(s), positions, new int[LENGTH]);
            }
            double loss = decoder.loss(tape, batch, 1, recompute);
            tape.backward();
            if (queue == null) {
                decoder.store().finishGradients();
            }
            return loss;
        }
    }

    private static int[] tokens(int sequence) {
        int[] tokens = new int[LENGTH];
        for (int t = 0; t < LENGTH; t++) {
            tokens[t] = (t * t * 5 + 3 * t + 11 * sequence) % VOCABULARY;
        }
        return tokens;
    }

    private static int[] labels(int sequence) {
        int[] labels = new int[LENGTH];
        for (int t = 0; t < LENGTH; t++) {
            labels[t] = t == 4 ? Batch.IGNORED : (7 * t + sequence) % VOCABULARY;
        }
        return labels;
    }

    private static double referenceLoss(ReferenceDecoder reference) {
        double sum = 0;
        for (int s = 0; s < SEQUENCES; s++) {
            sum += reference.loss(tokens(s), labels(s));
        }
        return sum;
    }

    private static double difference(ReferenceDecoder reference, double[] values, int index) {
        double value = values[index];
        double step = 1e-5;
        values[index] = value + step;
        double above = referenceLoss(reference);
        values[index] = value - step;
        double below = referenceLoss(reference);
        values[index] = value;
        return (above - below) / (2 * step);
    }

    private static double largest(Tensor tensor) {
        double largest = 0;
        for (float value : tensor.toFloats()) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    private static SequencedMap<String, float[]> gradients(Decoder decoder) {
        SequencedMap<String, float[]> gradients = new LinkedHashMap<>();
        decoder.parameters()
                .forEach(parameter ->
                        gradients.put(parameter.name(), parameter.gradient().toFloats()));
        return gradients;
    }

    private static float[] floats(double[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = (float) values[i];
        }
        return result;
    }
}
