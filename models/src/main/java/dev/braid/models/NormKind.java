package dev.braid.models;

/** The kinds of norm on the residual stream. */
public enum NormKind {
    /** {@code x / rms(x) * weight} (Zhang and Sennrich 2019, arXiv 1910.07467). */
    RMS,
    /** {@code x / rms(x) * (1 + weight)}, as Gemma has it: weight decay pulls the factor towards one. */
    RMS_ZERO_CENTERED,
    /** {@code (x - mean(x)) / deviation(x) * weight + bias} (Ba et al. 2016, arXiv 1607.06450), as in RWKV. */
    LAYER
}
