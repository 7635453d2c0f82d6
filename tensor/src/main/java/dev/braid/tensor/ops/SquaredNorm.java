package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.ReductionKernels;

/**
 * The squared Euclidean norm of an F32 tensor: f64 sums over fixed blocks of {@link #BLOCK} elements counted from the
 * tensor's start, added in the order of blocks. It does not depend on threads, nor on how the tensor is cut if the cuts lie
 * between blocks and the parts' {@link #blockSums} are added in order.
 */
public final class SquaredNorm {
    /** Elements of one block. */
    public static final int BLOCK = Reduction.BLOCK;

    private SquaredNorm() {}

    /** The squared norm of the whole tensor. */
    public static double of(Compute compute, Tensor tensor) {
        return Reduction.total(blockSums(compute, tensor, 0, tensor.count()));
    }

    /** The squared norm of elements {@code from} until {@code from + count}; {@code from} is a multiple of {@link #BLOCK}. */
    public static double of(Compute compute, Tensor tensor, long from, long count) {
        return Reduction.total(blockSums(compute, tensor, from, count));
    }

    /** The blocks' sums of elements {@code from} until {@code from + count}; {@code from} is a multiple of {@link #BLOCK}. */
    public static double[] blockSums(Compute compute, Tensor tensor, long from, long count) {
        Check check = new Check("squared_norm");
        check.floats("tensor", tensor);
        check.require(
                from >= 0 && count >= 0 && from <= tensor.count() - count,
                "elements " + from + " until " + (from + count) + " are not all in " + tensor);
        check.require(
                from % BLOCK == 0,
                "the range starts at element " + from + ", which is not a multiple of the block of " + BLOCK
                        + " elements; cut tensors between blocks");
        ReductionKernels kernels = compute.kernels().reduction();
        return Reduction.blockSums(compute, check, tensor, from, count, kernels::squaredSum);
    }
}
