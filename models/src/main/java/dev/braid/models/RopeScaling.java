package dev.braid.models;

/** How the wavelengths of rotary positions are stretched; each permitted record is a kind that {@code type:} can name. */
public sealed interface RopeScaling permits LinearRopeScaling, LlamaRopeScaling {
    /** Changes the radians a position of each pair, in F32 and in the order of operations of transformers. */
    void apply(float[] inverseFrequencies);
}
