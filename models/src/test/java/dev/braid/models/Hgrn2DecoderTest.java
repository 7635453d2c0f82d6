package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A model of three layers of HGRN2, whose lower bounds are one parameter of the first layer. */
class Hgrn2DecoderTest {
    private static final int VOCABULARY = 23;
    private static final int DIM = 12;
    private static final String BOUNDS = "layers.0.mixer.lower_bounds";
    private static final int[] TOKENS = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5};
    private static final int[] LABELS = {1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8};
    private static final ModelConfig MODEL = new ModelConfig(
            DIM,
            3,
            64,
            false,
            Map.of("hgrn", new Hgrn2Config(2, Optional.empty(), Optional.empty(), true, Optional.empty(), 1e-5)),
            Map.of("mlp", new SwiGluConfig(16)),
            List.of("hgrn+mlp"),
            Optional.empty(),
            1e-5,
            0.4);

    private static Batch batch(Compute compute) {
        Batch batch = Batch.allocate(compute.memory(), 1, TOKENS.length);
        int[] positions = new int[TOKENS.length];
        for (int t = 0; t < positions.length; t++) {
            positions[t] = t;
        }
        batch.set(0, TOKENS, LABELS, positions, new int[TOKENS.length]);
        return batch;
    }

    private static Parameter bounds(Decoder decoder) {
        List<Parameter> found = decoder.parameters().stream()
                .filter(parameter -> parameter.name().contains("bounds"))
                .toList();
        assertThat(found).extracting(Parameter::name).containsExactly(BOUNDS);
        return found.getFirst();
    }

    private static double evaluate(Decoder decoder) {
        decoder.refreshCompute();
        try (Batch batch = batch(decoder.compute());
                Tape tape = decoder.evaluationTape()) {
            return decoder.loss(tape, batch, 0, false);
        }
    }

    private static float[] gradient(Decoder decoder, boolean recompute) {
        decoder.store().beginStep(1);
        try (Batch batch = batch(decoder.compute());
                Tape tape = decoder.trainingTape()) {
            decoder.loss(tape, batch, 1, recompute);
            tape.backward();
        }
        decoder.store().finishGradients();
        return bounds(decoder).gradient().toFloats();
    }

    @Test
    void shouldGiveTheFirstLayersParameterTheGradientsOfAllLayers() {
        try (Compute compute = new Compute(2, "auto", "test")) {
            Decoder decoder = new Decoder(MODEL, VOCABULARY, compute, DType.F32);
            decoder.initialize(7);
            float[] gradient = gradient(decoder, false);
            Bits.assertSame("recomputed", gradient(decoder, true), gradient);
            Tensor weight = bounds(decoder).master();
            assertThat(weight.shape()).isEqualTo(Shape.of(3, DIM));
            double largest = 0;
            for (float value : gradient) {
                largest = Math.max(largest, Math.abs(value));
            }
            // The loss is a sum of f32 numbers of about 30: differences over a quarter have an error of about 1e-5.
            assertThat(largest).isGreaterThan(0.01);
            for (int i : new int[] {0, 5, DIM + 3, DIM + 11, 2 * DIM, 2 * DIM + 7}) {
                weight.set(i, 0.125f);
                double above = evaluate(decoder);
                weight.set(i, -0.125f);
                double below = evaluate(decoder);
                weight.set(i, 0);
                assertThat((double) gradient[i]).isCloseTo((above - below) / 0.25, within(0.02 * largest));
            }
        }
    }

    @Test
    void shouldCarryTheBoundsFromStageToStage() {
        try (Compute compute = new Compute(2, "auto", "test")) {
            Decoder whole = new Decoder(MODEL, VOCABULARY, compute, DType.BF16);
            whole.initialize(7);
            double expected = evaluate(whole);
            StageSplit split = StageSplit.byHand(List.of(1, 2));
            Decoder cut = new Decoder(MODEL, VOCABULARY, compute, DType.BF16, Layout.SINGLE, split, List.of(0, 1));
            cut.initialize(7);
            // F32 in a model of BF16: forgetting is a matter of small differences.
            assertThat(cut.outputs(0, TOKENS.length))
                    .contains(new StageOutput("mixer.lower_bounds", DType.F32, Shape.of(6, DIM), 6, false, true));
            assertThat(evaluate(cut)).isEqualTo(expected);
            Bits.assertSame("gradient", gradient(cut, false), gradient(whole, false));
        }
    }

    @Test
    void shouldDecodeWhatItScores() {
        try (Compute compute = new Compute(2, "auto", "test")) {
            Decoder decoder = new Decoder(MODEL, VOCABULARY, compute, DType.F32);
            decoder.initialize(7);
            try (Batch batch = batch(compute);
                    Tape tape = decoder.evaluationTape();
                    DecodeState state = decoder.newState(TOKENS.length)) {
                Tensor logits = decoder.logits(tape, batch);
                float[] last = {};
                for (int token : TOKENS) {
                    last = decoder.step(state, new int[] {token});
                }
                for (int i = 0; i < VOCABULARY; i++) {
                    assertThat(last[i]).isCloseTo(logits.get((TOKENS.length - 1L) * VOCABULARY + i), within(1e-4f));
                }
                logits.release();
            }
        }
    }
}
