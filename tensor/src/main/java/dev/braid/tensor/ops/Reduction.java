package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;

/** Sums of blocks of elements, in a fixed order, whatever the number of cores. */
final class Reduction {
    /** Elements of one partial sum, counted from the start of the tensor. */
    static final int BLOCK = 4096;
    /** Partial sums of one task. */
    private static final int TASK_BLOCKS = 16;

    /** The sum of one block. */
    @FunctionalInterface
    interface BlockSum {
        double of(long address, int count);
    }

    private Reduction() {}

    /** Block sums of elements {@code from} until {@code from + count}. */
    static double[] blockSums(Compute compute, Check check, Tensor tensor, long from, long count, BlockSum sum) {
        double[] sums = new double[Math.toIntExact((count + BLOCK - 1) / BLOCK)];
        long at = tensor.address() + from * Float.BYTES;
        compute.profile()
                .time(
                        check.operation(),
                        2.0 * count,
                        () -> Blocks.split(compute, sums.length, TASK_BLOCKS, (first, blocks) -> {
                            for (int block = (int) first; block < first + blocks; block++) {
                                long start = (long) block * BLOCK;
                                sums[block] = sum.of(at + start * Float.BYTES, (int) Math.min(BLOCK, count - start));
                            }
                        }));
        return sums;
    }

    /** ((s0 + s1) + s2) + ... */
    static double total(double[] sums) {
        double total = 0;
        for (double sum : sums) {
            total += sum;
        }
        return total;
    }
}
