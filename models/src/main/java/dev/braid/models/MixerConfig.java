package dev.braid.models;

import dev.braid.config.Faults;

/** Settings of one mixer; each permitted record is a kind that {@code type:} can name. */
public sealed interface MixerConfig
        permits AttentionConfig,
                DeltaNetConfig,
                GatedDeltaNetConfig,
                GlaConfig,
                KimiDeltaConfig,
                LightningConfig,
                LinearAttentionConfig,
                Mamba2Config,
                RetNetConfig {
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
}
