package dev.braid.models;

/** How the wavelengths of rotary positions are stretched; each permitted record is a kind that {@code type:} can name. */
public sealed interface RopeScaling permits LinearRopeScaling, LlamaRopeScaling, YarnRopeScaling {
    /**
     * Changes the radians a position of each pair, in F32 and in the order of operations of transformers.
     *
     * @param base of the geometric row that they are
     */
    void apply(float[] inverseFrequencies, double base);

    /** Factor of what is rotated: of cosines and sines. */
    default double magnitude() {
        return 1;
    }

    /** Factor of the scores of latent attention. */
    default double latentScoreFactor() {
        return 1;
    }
}
