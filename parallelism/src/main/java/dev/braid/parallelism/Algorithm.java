package dev.braid.parallelism;

/**
 * How a collective moves its bytes. {@link #AUTO} takes only algorithms with canonical sums, so that its results do not depend
 * on sizes, placement or timing. n is the number of ranks, S the bytes of the whole tensor.
 */
public enum Algorithm {
    /** Chosen by the cost model among the canonical ones. */
    AUTO,
    /** Each rank owns a slice: receives it from all, adds in rank order, sends the result to all. 2(n-1)/n S bytes a rank. */
    DIRECT,
    /** Each rank sends its whole tensor to all, and each adds locally in rank order. (n-1) S bytes a rank, one message time. */
    GATHER_ADD,
    /** Slices travel round a ring; slice j is added in the order j+1, j+2, ..., j, and in its wire dtype at each hop. */
    RING,
    /** Pairs at distance 1, 2, 4, ... exchange whole tensors; added pairwise as a tree, (x0+x1)+(x2+x3), in the wire dtype at each level. */
    RECURSIVE_DOUBLING,
    /** Down a binomial tree. Broadcast only. */
    TREE,
    /** Inside each host first, then across hosts: (sum of host 0) + (sum of host 1) + ..., each in rank order. */
    HIERARCHICAL
}
