package dev.braid.models;

/** How the outputs of parallel branches become one. */
public enum BranchMix {
    /** {@code sum_i y_i}. */
    SUM,
    /** {@code mean_i y_i}. */
    MEAN,
    /** {@code mean_i beta_i * y_i} with a learned factor {@code beta_i} for each channel, 1 at first (Hymba). */
    LEARNED
}
