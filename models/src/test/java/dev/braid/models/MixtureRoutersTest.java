package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.braid.config.ConfigReader;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.tensor.parameters.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Routers, balance losses and a capacity within a layer of a model. */
class MixtureRoutersTest {
    private static final int VOCABULARY = 13;
    private static final int SEQUENCES = 2;
    private static final int LENGTH = 12;
    private static final int EXPERTS = 4;
    private static final String ROUTER = "layers.0.ffn.router.";

    private static ModelConfig model(String keys) {
        return ConfigReader.of(ModelConfig.class).parse("model.yaml", """
                dim: 8
                layers: 1
                context: 16
                init_std: 0.3
                mixers: {attn: {type: attention, heads: 2}}
                ffns: {moe: {type: moe, experts: %d, top_k: 2, hidden: 4, %s}}
                pattern: [attn+moe]
                """.formatted(EXPERTS, keys), List.of());
    }

    private static Decoder decoder(Compute compute, String keys) {
        Decoder decoder = new Decoder(model(keys), VOCABULARY, compute, DType.F32);
        decoder.initialize(1);
        decoder.refreshCompute();
        return decoder;
    }

    private static Batch batch(Compute compute, int sequences) {
        Batch batch = Batch.allocate(compute.memory(), sequences, LENGTH);
        for (int s = 0; s < sequences; s++) {
            int sequence = s;
            int[] tokens = new int[LENGTH];
            Arrays.setAll(tokens, t -> (5 * t + 3 * sequence + t * t) % VOCABULARY);
            int[] labels = new int[LENGTH];
            Arrays.setAll(labels, t -> (tokens[t] + 1) % VOCABULARY);
            int[] positions = new int[LENGTH];
            Arrays.setAll(positions, t -> t);
            batch.set(s, tokens, labels, positions, new int[LENGTH]);
        }
        return batch;
    }

    private static MicrobatchRouting training() {
        return new MicrobatchRouting(1, 9, true, (layer, counts) -> counts, Map.of(), true);
    }

    private record Pass(double loss, MicrobatchRouting routing, Map<String, float[]> gradients) {
        LayerLoad load() {
            return routing.loads().get(0);
        }
    }

    private static Pass train(String keys, boolean recompute, Consumer<Decoder> change) {
        try (Compute compute = new Compute(2, "vector", "test", KernelProviders.chosen())) {
            Decoder decoder = decoder(compute, keys);
            change.accept(decoder);
            decoder.store().beginStep(1);
            MicrobatchRouting routing = training();
            double loss;
            try (Batch batch = batch(compute, SEQUENCES);
                    Tape tape = decoder.trainingTape()) {
                loss = decoder.loss(tape, batch.routed(routing), 1, recompute);
                tape.backward();
            }
            decoder.store().finishGradients();
            Map<String, float[]> gradients = new TreeMap<>();
            for (Parameter parameter : decoder.parameters()) {
                if (parameter.spec().trained()) {
                    gradients.put(parameter.name(), parameter.gradient().toFloats());
                }
            }
            assertThat(compute.memory().live(Category.ACTIVATIONS)).isZero();
            return new Pass(loss, routing, gradients);
        }
    }

    private static Pass train(String keys) {
        return train(keys, false, decoder -> {});
    }

    private static double largest(float[] values) {
        double largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    private static final String EXPERT_CHOICE = "router: {type: expert_choice, causal_leak: accept}";
    private static final String SIGMOID = "router: {type: sigmoid, groups: 2, groups_kept: 1}";
    private static final String NOISY = "router: {type: noisy_top_k}, balance: {loss: cv2}";

    @Test
    void shouldDeclareTheMatricesThatTheRouterHas() {
        assertThat(train("router: {type: hash}").gradients().keySet()).noneMatch(name -> name.startsWith(ROUTER));
        assertThat(train(SIGMOID).gradients().keySet())
                .filteredOn(name -> name.startsWith(ROUTER))
                .containsExactly(ROUTER + "weight");
        assertThat(train(NOISY).gradients().keySet())
                .filteredOn(name -> name.startsWith(ROUTER))
                .containsExactly(ROUTER + "noise.weight", ROUTER + "weight");
    }

    @ParameterizedTest
    @ValueSource(strings = {"router: {type: softmax}", SIGMOID, NOISY, EXPERT_CHOICE, "router: {type: hash}"})
    void shouldGiveEveryParameterAGradientAndTheSameBitsWhenRunAgain(String keys) {
        Pass once = train(keys);
        Pass twice = train(keys, true, decoder -> {});
        assertThat(twice.loss()).isEqualTo(once.loss());
        once.gradients()
                .forEach((name, gradient) ->
                        assertThat(largest(gradient)).as("gradient of %s", name).isPositive());
        Bits.assertSame(twice.gradients(), once.gradients());
        assertThat(once.load().tokens()).isEqualTo(SEQUENCES * LENGTH);
        assertThat(once.load().counts()).isEqualTo(twice.load().counts());
        assertThat(Arrays.stream(once.load().counts()).sum()).isEqualTo(2L * SEQUENCES * LENGTH);
    }

    @ParameterizedTest
    @ValueSource(strings = {"softmax", "sigmoid, groups: 2, groups_kept: 1", "noisy_top_k"})
    void shouldPassLossesToTheRouterInProportionToTheirFactors(String type) {
        List<float[]> gradients = new ArrayList<>();
        for (String factor : List.of("0", "1", "2")) {
            String keys = "router: {type: %s}, balance: {loss: cv2, coefficient: %s, z_loss: %s}";
            gradients.add(
                    train(keys.formatted(type, factor, factor)).gradients().get(ROUTER + "weight"));
        }
        float[] none = gradients.get(0);
        for (int i = 0; i < none.length; i++) {
            double one = gradients.get(1)[i] - (double) none[i];
            assertThat(gradients.get(2)[i] - (double) none[i]).isCloseTo(2 * one, within(1e-4));
        }
        assertThat(largest(gradients.get(1))).isNotEqualTo(largest(none));
    }

    @Test
    void shouldTakeEachSequenceByItself() {
        Pass pass = train(SIGMOID + ", balance: {loss: sequence}");
        assertThat(pass.load().balanceLoss()).isBetween(0.5, (double) EXPERTS);
        assertThat(pass.load().balanceLoss())
                .isNotEqualTo(
                        train(SIGMOID + ", balance: {loss: switch}").load().balanceLoss());
    }

    @Test
    void shouldDropWhatHasNoRoomAndSaySo() {
        Pass dropless = train("router: {type: softmax}");
        assertThat(dropless.load().dropped()).isZero();
        // Room for ceil(0.5 * 2 * 24 / 4) = 6 tokens at each of four experts.
        for (String drop : List.of("probability", "position")) {
            Pass pass = train("router: {type: softmax}, capacity: {factor: 0.5, drop: %s}".formatted(drop));
            long expected = Arrays.stream(pass.load().counts())
                    .map(count -> Math.max(0, count - 6))
                    .sum();
            assertThat(pass.load().counts()).isEqualTo(dropless.load().counts());
            assertThat(pass.load().dropped()).isEqualTo(expected).isGreaterThanOrEqualTo(24);
            assertThat(pass.loss()).isNotEqualTo(dropless.loss());
        }
    }

    @Test
    void shouldDropNothingWhereTheRoomSuffices() {
        Pass dropless = train("router: {type: softmax}");
        Pass roomy = train("router: {type: softmax}, capacity: {factor: 2}");
        assertThat(roomy.load().dropped()).isZero();
        assertThat(roomy.loss()).isEqualTo(dropless.loss());
        Bits.assertSame(roomy.gradients(), dropless.gradients());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"router: {type: softmax}, capacity: {}", SIGMOID, NOISY, EXPERT_CHOICE, "router: {type: hash}"})
    void shouldBeRehearsedWithoutComputing(String keys) {
        LayerTrace trace =
                LayerTrace.of(model(keys), 0, new LayerTrace.Setting(DType.F32, 1, 2, SEQUENCES, LENGTH, false));
        assertThat(activations(trace.forward())).isPositive();
        assertThat(activations(trace.backward())).isEqualTo(-activations(trace.forward()));
        // A number for each token and expert is drawn where there is noise.
        LayerTrace.Change noise =
                new LayerTrace.Change(Category.WORKSPACE, (long) SEQUENCES * LENGTH * EXPERTS * Float.BYTES);
        assertThat(trace.forward().changes().contains(noise)).isEqualTo(keys.equals(NOISY));
    }

    private static long activations(LayerTrace.Pass pass) {
        return pass.changes().stream()
                .filter(change -> change.category() == Category.ACTIVATIONS)
                .mapToLong(LayerTrace.Change::bytes)
                .sum();
    }

    @Test
    void shouldNameTheLayerWhoseLogitsAreNoNumbers() {
        for (String keys : List.of("router: {type: softmax}", SIGMOID, NOISY)) {
            assertThatThrownBy(() -> train(keys, false, MixtureRoutersTest::spoil))
                    .hasMessageContaining("the router of layer 0 has logits that are not numbers");
        }
    }

    private static void spoil(Decoder decoder) {
        decoder.parameters().stream()
                .filter(parameter -> parameter.name().equals(ROUTER + "weight"))
                .forEach(parameter -> parameter.master().set(3, Float.NaN));
        decoder.refreshCompute();
    }
}
