package dev.braid.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.checkpoint.Weights;
import dev.braid.config.ConfigReader;
import dev.braid.models.Decoder;
import dev.braid.models.ModelConfig;
import dev.braid.models.MultiTokenConfig;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.Parameter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A model with modules of multi-token prediction begins with the weights of one without, and the other way round. */
class InitialModulesTest {
    private static final ModelConfig PLAIN = ConfigReader.of(ModelConfig.class).parse("plain.yaml", """
            dim: 8
            layers: 1
            context: 4
            mixers: {attn: {type: attention, heads: 2}}
            ffns: {mlp: {type: swiglu, hidden: 12}}
            pattern: [attn+mlp]
            """, List.of());

    private static final ModelConfig AHEAD = PLAIN.withMtp(Optional.of(new MultiTokenConfig(1, 0.3, Optional.empty())));

    private final Compute compute = new Compute(1, "auto", "initial");
    private final List<TrainingEvent> events = new ArrayList<>();

    @AfterEach
    void close() {
        compute.close();
    }

    @Test
    void shouldDrawModulesForWhichThereAreNoWeights() throws IOException {
        Decoder plain = drawn(PLAIN, 3);
        Decoder model = new Decoder(AHEAD, 11, compute, DType.F32);

        InitialWeights.take(weights(plain), model, 5, events::add);

        assertThat(values(model, "layers.0.mixer.q.weight")).isEqualTo(values(plain, "layers.0.mixer.q.weight"));
        assertThat(values(model, "mtp.0.projection.weight"))
                .isEqualTo(values(drawn(AHEAD, 5), "mtp.0.projection.weight"));
        assertThat(events)
                .containsExactly(new TrainingEvent.Note(
                        "there are no weights for the modules of multi-token prediction (model.mtp):"
                                + " theirs are drawn"));
    }

    @Test
    void shouldLeaveOutModulesThatAreNotWanted() throws IOException {
        Decoder ahead = drawn(AHEAD, 3);
        Decoder model = new Decoder(PLAIN, 11, compute, DType.F32);

        InitialWeights.take(weights(ahead), model, 5, events::add);

        assertThat(values(model, "head.weight")).isEqualTo(values(ahead, "head.weight"));
        assertThat(events)
                .containsExactly(new TrainingEvent.Note(
                        "its modules of multi-token prediction are left out, since model.mtp is not set"));
    }

    @Test
    void shouldRefuseWeightsThatLackMoreThanModules() {
        Map<String, Tensor> tensors = tensors(drawn(PLAIN, 3));
        tensors.remove("norm.weight");
        Decoder model = new Decoder(AHEAD, 11, compute, DType.F32);

        assertThatThrownBy(() -> InitialWeights.take(Weights.of(tensors), model, 5, events::add))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the weights are of another model: missing [norm.weight] ");
    }

    private Decoder drawn(ModelConfig config, long seed) {
        Decoder model = new Decoder(config, 11, compute, DType.F32);
        model.initialize(seed);
        return model;
    }

    private static Weights weights(Decoder model) {
        return Weights.of(tensors(model));
    }

    private static Map<String, Tensor> tensors(Decoder model) {
        return model.parameters().stream().collect(Collectors.toMap(Parameter::name, Parameter::master));
    }

    private static float[] values(Decoder model, String name) {
        return tensors(model).get(name).toFloats();
    }
}
