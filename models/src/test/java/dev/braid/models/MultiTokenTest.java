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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Multi-token prediction against plain double loops, and a model with it against the same without. */
class MultiTokenTest {
    private static final int VOCABULARY = 23;
    private static final int LENGTH = 11;
    private static final int SEQUENCES = 2;

    /** Three documents in the first sequence, one in the second. */
    private static final int[][] DOCUMENTS = {{0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2}, new int[LENGTH]};

    private static final double WEIGHT = 0.4;

    /** What a training pass comes to. */
    private record Outcome(StageResult result, Map<String, float[]> gradients) {}

    private static ModelConfig plain(boolean tied) {
        AttentionConfig attention = new AttentionConfig(
                3, Optional.of(1), Optional.empty(), Optional.of(new RopeConfig(10000)), false, false);
        return new ModelConfig(
                12,
                2,
                LENGTH,
                tied,
                Map.of("attn", attention),
                Map.of("mlp", new SwiGluConfig(17), "wide", new GeGluConfig(20)),
                List.of("attn+mlp", "attn+wide"),
                Optional.empty(),
                1e-5,
                0.3);
    }

    private static ModelConfig model(boolean tied, int depth) {
        return plain(tied).withMtp(Optional.of(new MultiTokenConfig(depth, WEIGHT, Optional.empty())));
    }

    @ParameterizedTest
    @CsvSource({"1, true", "1, false", "2, true", "3, false"})
    void shouldGiveLossesAndGradientsOfThePlainFormula(int depth, boolean tied) {
        try (Compute compute = new Compute(1, "auto", "test")) {
            Decoder decoder = decoder(model(tied, depth), compute, DType.F32);
            ReferenceDecoder reference = reference(decoder);

            StageResult result = train(decoder, Optional.empty(), false);

            assertThat(result.moduleLosses()).hasSize(depth);
            for (int k = 1; k <= depth; k++) {
                double expected = reference.meanLossAhead(tokens(), labels(), DOCUMENTS, k);
                assertThat(result.moduleLosses().get(k - 1) / valid(k)).isCloseTo(expected, within(1e-5 * expected));
            }
            Random random = new Random(5);
            for (Parameter parameter : decoder.parameters()) {
                double[] values = reference.parameters.get(parameter.name());
                double largest = largest(parameter.gradient());
                for (int trial = 0; trial < 3; trial++) {
                    int index = random.nextInt(values.length);
                    assertThat((double) parameter.gradient().get(index))
                            .as("gradient of %s[%d]", parameter.name(), index)
                            .isCloseTo(difference(reference, values, index, depth), within(2e-4 * largest + 1e-7));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, true", "BF16, false"})
    void shouldGiveTheSameBitsWhenBlocksRunAgainOrWeightHalvesWait(DType dtype, boolean tied) {
        try (Compute compute = new Compute(2, "auto", "test")) {
            Outcome kept = outcome(model(tied, 2), compute, dtype, Optional.empty(), false);
            Outcome again = outcome(model(tied, 2), compute, dtype, Optional.empty(), true);
            Outcome halves = outcome(model(tied, 2), compute, dtype, Optional.of(new WeightQueue()), false);

            Bits.assertSame(again.gradients, kept.gradients);
            assertThat(again.result.moduleLosses()).isEqualTo(kept.result.moduleLosses());
            // Of a tied head the waiting half adds after the look-ups and not before.
            halves.gradients.remove("embedding.weight");
            kept.gradients.remove("embedding.weight");
            Bits.assertSame(halves.gradients, kept.gradients);
            assertThat(compute.memory().live(Category.ACTIVATIONS)).isZero();
        }
    }

    @Test
    void shouldGiveTheBitsOfThePlainModelAtDepthZero() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            Outcome plain = outcome(plain(true), compute, DType.F32, Optional.empty(), false);
            Outcome zero = outcome(model(true, 0), compute, DType.F32, Optional.empty(), false);

            assertThat(zero.result.loss()).isEqualTo(plain.result.loss());
            assertThat(zero.result.moduleLosses()).isEmpty();
            Bits.assertSame(zero.gradients, plain.gradients);
        }
    }

    @Test
    void shouldLeaveTheLossOfTheNextTokenAsItIs() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            Outcome plain = outcome(plain(false), compute, DType.F32, Optional.empty(), false);
            Outcome ahead = outcome(model(false, 1), compute, DType.F32, Optional.empty(), false);

            assertThat(ahead.result.loss()).isEqualTo(plain.result.loss());
            // The last norm and the head's row of the main loss are its own; the layers below learn from both.
            assertThat(ahead.gradients.get("norm.weight")).isEqualTo(plain.gradients.get("norm.weight"));
            assertThat(ahead.gradients.get("layers.0.mixer.q.weight"))
                    .isNotEqualTo(plain.gradients.get("layers.0.mixer.q.weight"));
        }
    }

    @Test
    void shouldEvaluateAndDecodeWithoutTheModules() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            Decoder plain = decoder(plain(true), compute, DType.F32);
            Decoder ahead = decoder(model(true, 1), compute, DType.F32);

            assertThat(evaluate(ahead)).isEqualTo(evaluate(plain));
            try (DecodeState one = plain.newState(4);
                    DecodeState other = ahead.newState(4)) {
                assertThat(ahead.step(other, new int[] {3, 1, 4})).isEqualTo(plain.step(one, new int[] {3, 1, 4}));
            }
        }
    }

    @Test
    void shouldAddUpOverMicrobatchesToTheGradientOfOne() {
        ModelConfig model = model(true, 2);
        // Of 22 tokens 20 have a label. One place further 6 of the first sequence stay in their documents and have one,
        // and 9 of the
        // second; two places further 3 and 8.
        assertThat(valid(1)).isEqualTo(6 + 9);
        assertThat(valid(2)).isEqualTo(3 + 8);
        LossScales scales = LossScales.of(model, 22, List.of(20L, valid(1), valid(2)));
        assertThat(scales.main()).isEqualTo(1f / 22);
        // 0.4 / 2 of the mean, in units of the main loss's correction 22 / 20.
        assertThat((double) scales.modules().get(0)).isCloseTo(0.2 / 15 * 20 / 22, within(1e-9));
        assertThat((double) scales.modules().get(1)).isCloseTo(0.2 / 11 * 20 / 22, within(1e-9));
        try (Compute compute = new Compute(1, "auto", "test")) {
            Decoder whole = decoder(model, compute, DType.F32);
            step(whole, scales, List.of(List.of(0, 1)));
            Decoder parts = decoder(model, compute, DType.F32);
            step(parts, scales, List.of(List.of(0), List.of(1)));

            Map<String, float[]> expected = gradients(whole);
            gradients(parts)
                    .forEach((name, gradient) ->
                            assertThat(gradient).as(name).containsExactly(expected.get(name), within(1e-5f)));
        }
    }

    @Test
    void shouldCountTheModulesInParametersAndArithmetic() {
        Architecture plain = new Architecture(plain(false), VOCABULARY, DType.F32, 1, 0);
        Architecture ahead = new Architecture(model(false, 1), VOCABULARY, DType.F32, 1, 0);

        // A projection 12 x 24; of the last layer q, o 12 x 12, k, v 4 x 12, and three matrices 20 x 12; five norms.
        long matrices = 12 * 24 + 2 * 12 * 12 + 2 * 4 * 12 + 3 * 20 * 12;
        assertThat(ahead.parameters().count() - plain.parameters().count()).isEqualTo(matrices + 5 * 12);
        // Six for each weight, the head's 23 x 12 among them, and attention as in any layer.
        double attention = 3 * 2 * 2 * 12 * (LENGTH + 1) / 2.0;
        assertThat(ahead.flopsPerToken(LENGTH) - plain.flopsPerToken(LENGTH))
                .isEqualTo(6.0 * (matrices + 23 * 12) + attention);
    }

    @Test
    void shouldRouteTokensInAModuleToo() {
        String yaml = """
                dim: 12
                layers: 1
                context: 11
                init_std: 0.3
                mixers: {attn: {type: attention, heads: 3}}
                ffns: {moe: {type: moe, experts: 4, top_k: 2, hidden: 9}}
                pattern: [attn+moe]
                mtp: {depth: 1}
                """;
        ModelConfig model = ConfigReader.of(ModelConfig.class).parse("moe.yaml", yaml, List.of());
        try (Compute compute = new Compute(1, "auto", "test")) {
            Outcome kept = outcome(model, compute, DType.F32, Optional.empty(), false);
            Outcome again = outcome(model, compute, DType.F32, Optional.empty(), true);

            assertThat(kept.gradients.get("mtp.0.block.ffn.router.weight")).doesNotContain(0f);
            Bits.assertSame(again.gradients, kept.gradients);
        }
    }

    @Test
    void shouldTakeAnotherLayerThanTheLast() {
        ModelConfig named = plain(false).withMtp(Optional.of(new MultiTokenConfig(1, WEIGHT, Optional.of("attn"))));

        assertThat(new Architecture(named, VOCABULARY, DType.F32, 1, 0)
                        .parameters()
                        .specs())
                .extracting(spec -> spec.name())
                .filteredOn(name -> name.startsWith("mtp."))
                .containsExactly(
                        "mtp.0.embedding_norm.weight",
                        "mtp.0.hidden_norm.weight",
                        "mtp.0.projection.weight",
                        "mtp.0.block.mixer_norm.weight",
                        "mtp.0.block.mixer.q.weight",
                        "mtp.0.block.mixer.k.weight",
                        "mtp.0.block.mixer.v.weight",
                        "mtp.0.block.mixer.output.weight",
                        "mtp.0.norm.weight");
    }

    private static Decoder decoder(ModelConfig model, Compute compute, DType dtype) {
        Decoder decoder = new Decoder(model, VOCABULARY, compute, dtype);
        decoder.initialize(7);
        return decoder;
    }

    private static Outcome outcome(
            ModelConfig model, Compute compute, DType dtype, Optional<WeightQueue> queue, boolean recompute) {
        Decoder decoder = decoder(model, compute, dtype);
        return new Outcome(train(decoder, queue, recompute), gradients(decoder));
    }

    /** Forward and backward of the mean of the main loss and of the modules' losses. */
    private static StageResult train(Decoder decoder, Optional<WeightQueue> queue, boolean recompute) {
        decoder.store().beginStep(1);
        decoder.store().beginMicrobatch();
        try (Batch batch = batch(decoder, List.of(0, 1));
                Tape tape = decoder.trainingTape(queue.orElse(null))) {
            LossScales scales = LossScales.alone(decoder.config(), batch, 1f / 20);
            StageResult result = decoder.train(tape, batch, scales, recompute);
            tape.endForward();
            tape.backward();
            queue.ifPresent(WeightQueue::run);
            decoder.store().finishGradients();
            return result;
        }
    }

    private static void step(Decoder decoder, LossScales scales, List<List<Integer>> microbatches) {
        decoder.store().beginStep(microbatches.size());
        for (List<Integer> sequences : microbatches) {
            decoder.store().beginMicrobatch();
            try (Batch batch = batch(decoder, sequences);
                    Tape tape = decoder.trainingTape()) {
                decoder.train(tape, batch, scales, false);
                tape.backward();
            }
        }
        decoder.store().finishGradients();
    }

    private static double evaluate(Decoder decoder) {
        try (Batch batch = batch(decoder, List.of(0, 1));
                Tape tape = decoder.evaluationTape()) {
            return decoder.evaluate(tape, batch).loss();
        }
    }

    private static Batch batch(Decoder decoder, List<Integer> sequences) {
        Batch batch = Batch.allocate(decoder.compute().memory(), sequences.size(), LENGTH);
        for (int i = 0; i < sequences.size(); i++) {
            int s = sequences.get(i);
            batch.set(i, tokens()[s], labels()[s], IntStream.range(0, LENGTH).toArray(), DOCUMENTS[s]);
        }
        return batch;
    }

    private static int[][] tokens() {
        int[][] tokens = new int[SEQUENCES][LENGTH];
        for (int s = 0; s < SEQUENCES; s++) {
            int offset = 11 * s;
            Arrays.setAll(tokens[s], t -> (t * t * 5 + 3 * t + offset) % VOCABULARY);
        }
        return tokens;
    }

    /** What follows each token, but for one in each sequence that is not to be learned. */
    private static int[][] labels() {
        int[][] labels = new int[SEQUENCES][LENGTH];
        for (int s = 0; s < SEQUENCES; s++) {
            int offset = 11 * s;
            Arrays.setAll(labels[s], t -> ((t + 1) * (t + 1) * 5 + 3 * (t + 1) + offset) % VOCABULARY);
            labels[s][3 + 4 * s] = Batch.IGNORED;
        }
        return labels;
    }

    private static long valid(int ahead) {
        return IntStream.range(0, SEQUENCES)
                .mapToLong(s -> FutureTokens.valid(labels()[s], DOCUMENTS[s], ahead))
                .sum();
    }

    /** {@code L_main + weight / D sum_k L_k}. */
    private static double objective(ReferenceDecoder reference, int depth) {
        double main = 0;
        for (int s = 0; s < SEQUENCES; s++) {
            main += reference.loss(tokens()[s], labels()[s]) / 20;
        }
        double ahead = 0;
        for (int k = 1; k <= depth; k++) {
            ahead += reference.meanLossAhead(tokens(), labels(), DOCUMENTS, k);
        }
        return main + WEIGHT / depth * ahead;
    }

    private static double difference(ReferenceDecoder reference, double[] values, int index, int depth) {
        double value = values[index];
        double step = 1e-5;
        values[index] = value + step;
        double above = objective(reference, depth);
        values[index] = value - step;
        double below = objective(reference, depth);
        values[index] = value;
        return (above - below) / (2 * step);
    }

    private static ReferenceDecoder reference(Decoder decoder) {
        ReferenceDecoder reference = new ReferenceDecoder(decoder.config(), VOCABULARY);
        for (Parameter parameter : decoder.parameters()) {
            float[] values = parameter.master().toFloats();
            double[] wide = new double[values.length];
            Arrays.setAll(wide, i -> values[i]);
            reference.parameters.put(parameter.name(), wide);
        }
        return reference;
    }

    private static double largest(Tensor tensor) {
        double largest = 0;
        for (float value : tensor.toFloats()) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    private static Map<String, float[]> gradients(Decoder decoder) {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        for (Parameter parameter : new ArrayList<>(decoder.parameters())) {
            gradients.put(parameter.name(), parameter.gradient().toFloats());
        }
        return gradients;
    }
}
