package dev.braid.optimizers;

/** Settings of the optimizer; each permitted record is a kind that {@code type:} can name. */
public sealed interface OptimizerConfig permits AdamWConfig {}
