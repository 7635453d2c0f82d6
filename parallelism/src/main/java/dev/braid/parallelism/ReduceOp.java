package dev.braid.parallelism;

/** How a collective combines the contributions of the ranks, element by element. */
public enum ReduceOp {
    /** {@code ((x0 + x1) + x2) + ...} in the order of the group's ranks; F32 and BF16 in f32, rounded once; I32 wraps around. */
    SUM,
    /** The sum, times {@code 1f / ranks}; F32 and BF16 only. */
    MEAN,
    /** The largest; a NaN of any rank wins. */
    MAX
}
