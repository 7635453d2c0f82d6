package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model in stages, each on a tape of its own, against the same model on one tape. */
class StagesTest {
    private static final int VOCABULARY = 29;
    private static final int LENGTH = 12;
    private static final int SEQUENCES = 2;
    private static final int MICROBATCHES = 3;

    /** Losses of the micro-batches, and gradients by name. */
    private record Outcome(List<Double> losses, Map<String, float[]> gradients) {}

    @ParameterizedTest
    @CsvSource({
        "attn, 5, true, F32, false",
        "ahead, 5, false, F32, false",
        "ahead, 2 3, false, F32, true",
        "ahead, 0 2 3 0, false, BF16, false",
        "ahead_rwkv, 2 3, false, F32, false",
        "ahead_hgrn, 2 3, false, BF16, true",
        "attn, 2 3, true, F32, false",
        "attn, 2 3, false, F32, true",
        "attn, 0 2 3, true, F32, false",
        "attn, 1 2 2, true, BF16, true",
        "attn, 2 1 1 1, true, F32, true",
        "attn, 0 2 3 0, true, F32, false",
        "rwkv, 5, false, F32, true",
        "rwkv, 2 3, true, F32, false",
        "rwkv, 0 2 3, true, BF16, true",
        "rwkv, 1 1 2 1, false, BF16, false",
        "hgrn, 2 3, true, F32, false",
        "hgrn, 0 2 1 2, false, BF16, true",
        "hybrid, 5, false, BF16, true",
        "hybrid, 1 2 2, true, F32, false",
        "hybrid, 2 1 1 1, true, BF16, true"
    })
    void shouldGiveTheBitsOfTheWholeModel(String kind, String layers, boolean tied, DType dtype, boolean recompute) {
        try (Compute compute = new Compute(2, "auto", "test")) {
            ModelConfig model = model(kind, tied);
            Outcome whole = whole(compute, model, dtype);

            Outcome together = inStages(compute, split(layers), model, dtype, recompute, false);
            Outcome halves = inStages(compute, split(layers), model, dtype, recompute, true);

            assertSame(together, whole);
            assertSame(halves, whole);
            assertThat(compute.memory().live(Category.ACTIVATIONS)).isZero();
            assertThat(compute.memory().live(Category.COMMUNICATION)).isZero();
        }
    }

    private static void assertSame(Outcome actual, Outcome expected) {
        assertThat(actual.losses).isEqualTo(expected.losses);
        Bits.assertSame(actual.gradients, expected.gradients);
    }

    @Test
    void shouldAddTheGroupsOfMicrobatchesInOrder() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            Map<String, float[]> first = inGroups(compute, List.of(0, 1));
            Map<String, float[]> second = inGroups(compute, List.of(2, 3));
            Map<String, float[]> both = inGroups(compute, List.of(0, 1, -1, 2, 3));
            Map<String, float[]> inOneGroup = inGroups(compute, List.of(0, 1, 2, 3));

            String query = "layers.1.mixer.q.weight";
            assertThat(both.get(query)).containsExactly(sum(first.get(query), second.get(query)));
            // (g0 + g1) + (g2 + g3) is not ((g0 + g1) + g2) + g3.
            assertThat(inOneGroup.get(query)).isNotEqualTo(both.get(query));
        }
    }

    @Test
    void shouldAddTheGroupsOfATiedHeadBeforeThoseOfTheEmbedding() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            Map<String, float[]> untied = inGroups(compute, List.of(0, 1, -1, 2, 3), false);
            Map<String, float[]> tied = inGroups(compute, List.of(0, 1, -1, 2, 3), true);

            // With the same values, a separate head's gradient is what a tied one adds.
            assertThat(tied.get("embedding.weight"))
                    .containsExactly(sum(untied.get("embedding.weight"), untied.get("head.weight")));
        }
    }

    private static float[] sum(float[] a, float[] b) {
        float[] sum = new float[a.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = a[i] + b[i];
        }
        return sum;
    }

    @Test
    void shouldHoldOnlyTheParametersOfItsStages() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            StageSplit split = split("2 2 1");
            Decoder middle = new Decoder(model(true), VOCABULARY, compute, DType.F32, Layout.SINGLE, split, List.of(1));
            Decoder whole = new Decoder(model(true), VOCABULARY, compute, DType.F32);

            assertThat(middle.parameters())
                    .extracting(Parameter::name)
                    .allMatch(name -> name.startsWith("layers.2.") || name.startsWith("layers.3."))
                    .hasSize(2 * 9);
            assertThat(middle.parameterCount()).isEqualTo(whole.parameterCount());
            assertThat(middle.flopsPerToken(LENGTH)).isEqualTo(whole.flopsPerToken(LENGTH));
            assertThat(middle.outputs(1, 24))
                    .containsExactly(new StageOutput("hidden", DType.F32, Shape.of(24, 16), 24, false, true));
            assertThat(middle.outputs(2, 24)).isEmpty();
            try (Tape tape = middle.trainingTape();
                    Batch batch = batch(compute, 0)) {
                assertThatThrownBy(() -> middle.forward(tape, 0, Map.of(), batch, 1, false))
                        .hasMessage("this rank holds the stages [1], and not stage 0");
            }
            try (DecodeState state = middle.newState(4)) {
                assertThatThrownBy(() -> middle.step(state, new int[] {1}))
                        .hasMessage("this rank holds the stages [1], and not stage 0");
            }
        }
    }

    @Test
    void shouldRefuseAHeadThatIsTiedToAnotherRanksEmbedding() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            assertThatThrownBy(() -> new Decoder(
                            model(true), VOCABULARY, compute, DType.F32, Layout.SINGLE, split("2 3"), List.of(1)))
                    .hasMessageStartingWith("head is tied to embedding, which another rank holds");
        }
    }

    @Test
    void shouldRefuseASplitOfAnotherModel() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            assertThatThrownBy(() -> new Decoder(
                            model(true), VOCABULARY, compute, DType.F32, Layout.SINGLE, split("2 2"), List.of(0, 1)))
                    .hasMessage("the stages [embedding, layers 0-1, layers 2-3, head] are not those of a model of 5"
                            + " layers");
        }
    }

    @Test
    void shouldEvaluateStageByStage() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            Decoder whole = new Decoder(model(true), VOCABULARY, compute, DType.F32);
            whole.initialize(7);
            Decoder staged = new Decoder(
                    model(true), VOCABULARY, compute, DType.F32, Layout.SINGLE, split("3 2"), List.of(0, 1));
            staged.initialize(7);
            try (Batch batch = batch(compute, 0);
                    Tape first = staged.evaluationTape();
                    Tape second = staged.evaluationTape();
                    Tape all = whole.evaluationTape()) {
                Variable passed = staged.forward(first, 0, Map.of(), batch, 0, false)
                        .passed()
                        .get("hidden");
                Map<String, Variable> inputs =
                        Map.of("hidden", second.dividedLeaf(passed.value(), passed.tokens(), false));
                Tensor expected = whole.logits(all, batch);
                Tensor logits = staged.logits(second, 1, inputs, batch);

                assertThat(logits.toFloats()).containsExactly(expected.toFloats());
                assertThat(staged.forward(second, 1, inputs, batch, 0, false).loss())
                        .isEqualTo(whole.loss(all, batch, 0, false));
                assertThatThrownBy(() -> staged.logits(first, 0, Map.of(), batch))
                        .hasMessage("logits come from the last stage, and not from stage 0 of 2");
                logits.release();
                expected.release();
            }
        }
    }

    private static Outcome whole(Compute compute, ModelConfig model, DType dtype) {
        Decoder decoder = new Decoder(model, VOCABULARY, compute, dtype);
        decoder.initialize(7);
        decoder.store().beginStep(MICROBATCHES);
        List<Double> losses = new ArrayList<>();
        for (int m = 0; m < MICROBATCHES; m++) {
            losses.add(microbatch(decoder, m));
        }
        decoder.store().finishGradients();
        return new Outcome(losses, gradients(decoder));
    }

    private static double microbatch(Decoder decoder, int microbatch) {
        decoder.store().beginMicrobatch();
        try (Batch batch = batch(decoder.compute(), microbatch);
                Tape tape = decoder.trainingTape()) {
            double loss = decoder.loss(tape, batch, 0.01f, false);
            tape.backward();
            return loss;
        }
    }

    /** Gradients of the given micro-batches; -1 begins another group. */
    private static Map<String, float[]> inGroups(Compute compute, List<Integer> microbatches) {
        return inGroups(compute, microbatches, true);
    }

    private static Map<String, float[]> inGroups(Compute compute, List<Integer> microbatches, boolean tied) {
        Decoder decoder = new Decoder(model(tied), VOCABULARY, compute, DType.F32);
        decoder.initialize(7);
        if (!tied) {
            copyEmbeddingIntoHead(decoder);
        }
        decoder.store().beginStep(microbatches.size());
        for (int microbatch : microbatches) {
            if (microbatch < 0) {
                decoder.store().nextGroup();
            } else {
                microbatch(decoder, microbatch);
            }
        }
        decoder.store().finishGradients();
        return gradients(decoder);
    }

    private static void copyEmbeddingIntoHead(Decoder decoder) {
        Parameter embedding = decoder.parameters().getFirst();
        decoder.parameters().stream()
                .filter(parameter -> parameter.name().equals("head.weight"))
                .forEach(head -> head.master().copyFrom(embedding.master()));
        decoder.refreshCompute();
    }

    /** All micro-batches forward through all stages, and then backward, each stage on a tape of its own. */
    private static Outcome inStages(
            Compute compute, StageSplit split, ModelConfig model, DType dtype, boolean recompute, boolean queued) {
        int stages = split.stages().size();
        List<Integer> all = IntStream.range(0, stages).boxed().toList();
        Decoder decoder = new Decoder(model, VOCABULARY, compute, dtype, Layout.SINGLE, split, all);
        decoder.initialize(7);
        decoder.store().beginStep(1);
        decoder.store().beginMicrobatch();
        all.forEach(decoder::holdGradients);
        List<Double> losses = new ArrayList<>();
        List<StagePass> passes = new ArrayList<>();
        for (int m = 0; m < MICROBATCHES; m++) {
            StagePass pass = new StagePass(decoder, batch(compute, m), queued, recompute);
            losses.add(pass.forward());
            passes.add(pass);
        }
        for (StagePass pass : passes) {
            pass.backward();
        }
        passes.forEach(StagePass::runWeightHalves);
        passes.forEach(StagePass::close);
        all.forEach(decoder::completeGradients);
        decoder.store().finishGradients();
        return new Outcome(losses, gradients(decoder));
    }

    /** One micro-batch on its way through the stages. */
    private static final class StagePass {
        private final Decoder decoder;
        private final Batch batch;
        private final boolean recompute;
        private final Optional<WeightQueue> queue;
        private final List<Tape> tapes = new ArrayList<>();
        private final List<Map<String, Variable>> inputs = new ArrayList<>();
        private final List<Map<String, Variable>> outputs = new ArrayList<>();

        StagePass(Decoder decoder, Batch batch, boolean queued, boolean recompute) {
            this.decoder = decoder;
            this.batch = batch;
            this.recompute = recompute;
            this.queue = queued ? Optional.of(new WeightQueue()) : Optional.empty();
        }

        double forward() {
            Map<String, Variable> passed = Map.of();
            double loss = 0;
            for (int stage = 0; stage < decoder.split().stages().size(); stage++) {
                Tape tape = decoder.trainingTape(queue.orElse(null));
                tapes.add(tape);
                Map<String, Variable> taken = new LinkedHashMap<>();
                passed.forEach((name, variable) ->
                        taken.put(name, tape.dividedLeaf(variable.value(), variable.tokens(), true)));
                inputs.add(taken);
                StageResult result = decoder.forward(tape, stage, taken, batch, 0.01f, recompute);
                passed = result.passed();
                outputs.add(passed);
                loss += result.loss();
            }
            return loss;
        }

        void backward() {
            int last = tapes.size() - 1;
            tapes.get(last).backward();
            for (int stage = last - 1; stage >= 0; stage--) {
                Tape tape = tapes.get(stage);
                Map<String, Variable> passed = outputs.get(stage);
                inputs.get(stage + 1)
                        .forEach((name, input) -> tape.addGradient(
                                passed.get(name), input.passedGradient().orElseThrow()));
                tape.backward();
            }
        }

        void runWeightHalves() {
            queue.ifPresent(WeightQueue::run);
        }

        void close() {
            tapes.forEach(Tape::close);
            batch.close();
        }
    }

    private static Map<String, float[]> gradients(Decoder decoder) {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        decoder.parameters()
                .forEach(parameter ->
                        gradients.put(parameter.name(), parameter.gradient().toFloats()));
        return gradients;
    }

    private static StageSplit split(String layers) {
        return StageSplit.byHand(
                Arrays.stream(layers.split(" ")).map(Integer::valueOf).toList());
    }

    private static ModelConfig model(boolean tied) {
        return model("attn", tied);
    }

    private static ModelConfig model(String kind, boolean tied) {
        AttentionConfig attention = new AttentionConfig(
                2, Optional.of(1), Optional.empty(), Optional.of(new RopeConfig(10000)), false, false);
        // RWKV-7 leaves the values of its first layer for all later ones.
        Rwkv7Config rwkv = new Rwkv7Config(8, 3, 2, 2, 5, 1e-6);
        // HGRN2's first layer leaves the lower bounds of all.
        Hgrn2Config hgrn = new Hgrn2Config(2, Optional.empty(), Optional.empty(), true, Optional.empty(), 1e-5);
        FeedForwardConfig channelMix = new RwkvChannelMixConfig(21);
        return switch (kind) {
            // Tied, the head's gradient would add up in the order of the passes, and not of the micro-batches.
            case "ahead", "ahead_rwkv", "ahead_hgrn" ->
                model(kind.equals("ahead") ? "attn" : kind.substring("ahead_".length()), tied)
                        .withMtp(Optional.of(new MultiTokenConfig(2, 0.4, Optional.empty())));
            case "attn" -> model(tied, Map.of("attn", attention), new SwiGluConfig(21), List.of("attn+mlp"));
            case "rwkv" -> model(tied, Map.of("rwkv", rwkv), channelMix, List.of("rwkv+mlp"));
            case "hgrn" -> model(tied, Map.of("hgrn", hgrn), new SwiGluConfig(21), List.of("hgrn+mlp"));
            case "hybrid" ->
                model(tied, Map.of("rwkv", rwkv, "attn", attention), channelMix, List.of("rwkv+mlp", "attn+mlp"));
            default -> throw new IllegalArgumentException(kind);
        };
    }

    private static ModelConfig model(
            boolean tied, Map<String, MixerConfig> mixers, FeedForwardConfig feedForward, List<String> pattern) {
        return new ModelConfig(
                16, 5, LENGTH, tied, mixers, Map.of("mlp", feedForward), pattern, Optional.empty(), 1e-5, 0.2);
    }

    private static Batch batch(Compute compute, int microbatch) {
        Batch batch = Batch.allocate(compute.memory(), SEQUENCES, LENGTH);
        int[] positions = IntStream.range(0, LENGTH).toArray();
        for (int s = 0; s < SEQUENCES; s++) {
            int offset = 11 * s + 5 * microbatch;
            int[] tokens = IntStream.range(0, LENGTH)
                    .map(t -> (t * t * 5 + 3 * t + offset) % VOCABULARY)
                    .toArray();
            int[] labels = IntStream.range(0, LENGTH)
                    .map(t -> t == 4 ? Batch.IGNORED : (7 * t + offset) % VOCABULARY)
                    .toArray();
            batch.set(s, tokens, labels, positions, new int[LENGTH]);
        }
        return batch;
    }
}
