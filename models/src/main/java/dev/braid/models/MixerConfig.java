package dev.braid.models;

import dev.braid.config.Faults;
import java.util.List;

/** Settings of one mixer; each permitted record is a kind that {@code type:} can name. */
public sealed interface MixerConfig
        permits AttentionConfig,
                DeltaNetConfig,
                GatedDeltaNetConfig,
                GlaConfig,
                Hgrn2Config,
                KimiDeltaConfig,
                LightningConfig,
                LinearAttentionConfig,
                Mamba2Config,
                MlaConfig,
                ParallelMixerConfig,
                RetNetConfig,
                Rwkv7Config {
    /**
     * Reports every rule that is broken.
     *
     * @param dim width of the residual stream
     * @param path key of this mixer relative to the model
     */
    void validate(int dim, String path, Faults faults);

    /**
     * Declares the parameters of one layer and makes it.
     *
     * @param prefix of the parameters' names: {@code layers.3.mixer.}
     * @throws IllegalArgumentException when it can't be divided over the tensor axis
     */
    Mixer build(Construction construction, String prefix);

    /**
     * What keeps {@code ranks} of the tensor axis from dividing it, each as it goes on after "parallel.tensor is 3, ".
     *
     * @param model that it is part of
     * @param name by which the model knows it
     */
    default List<String> tensorProblems(ModelConfig model, String name, int ranks) {
        return TensorTrial.problems(model, name, ranks, construction -> build(construction, ""));
    }
}
