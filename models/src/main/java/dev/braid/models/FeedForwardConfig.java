package dev.braid.models;

import dev.braid.config.Faults;
import java.util.List;

/** Settings of one feed-forward; each permitted record is a kind that {@code type:} can name. */
public sealed interface FeedForwardConfig
        permits GeGluConfig, MoeConfig, ReluSquaredConfig, RwkvChannelMixConfig, SwiGluConfig {
    /**
     * Declares the parameters of one layer and makes it.
     *
     * @param prefix of the parameters' names: {@code layers.3.ffn.}
     */
    FeedForward build(Construction construction, String prefix);

    /** Reports what of {@code model} it can't go with; {@code path} is its key relative to the model. */
    default void validate(ModelConfig model, String path, Faults faults) {
        // Most go with any model.
    }

    /** What keeps {@code ranks} of the tensor axis from dividing it: see {@link MixerConfig#tensorProblems}. */
    default List<String> tensorProblems(ModelConfig model, String name, int ranks) {
        return TensorTrial.problems(model, name, ranks, construction -> build(construction, ""));
    }
}
