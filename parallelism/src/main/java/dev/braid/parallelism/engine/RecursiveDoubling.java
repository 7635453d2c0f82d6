package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.DType;

/**
 * All-reduce in log2(n) exchanges of the whole tensor. With p the largest power of two up to n, rank p + i first gives its
 * tensor to rank i and gets the result at the end. The order of sums is that of a binary tree over the first p ranks, whose
 * leaves are {@code x_i} or {@code x_i + x_(p+i)}.
 */
final class RecursiveDoubling extends Operation {
    private static final int FOLD = 30;
    private static final int UNFOLD = 31;

    private final long address;
    private final int power;
    private final boolean extra;
    private final boolean folds;
    /** Where this rank's part of the next exchange lies, and where the sum goes: by turns here and in scratch. */
    private long current;

    private long other;
    private int stage = -1;

    RecursiveDoubling(Engine engine, Group group, DType dtype, ReduceOp op, long address, long bytes) {
        super(engine, group, OperationKind.ALL_REDUCE, dtype, op, Algorithm.RECURSIVE_DOUBLING, bytes);
        this.address = address;
        this.current = address;
        this.power = Integer.highestOneBit(group.size());
        this.extra = group.rank >= power;
        this.folds = group.rank < group.size() - power;
    }

    @Override
    void start() {
        if (bytes == 0 || size() == 1) {
            stage = Integer.MAX_VALUE;
        } else if (extra) {
            send(rank() - power, FOLD, address, bytes, bytes);
        } else {
            // A sum does not replace what a partner may still read in place, while it waits for the same of this rank.
            other = scratch(bytes);
            if (folds) {
                OrderedSum sum = sum(2, bytes, address, 1f, true, any -> {});
                sum.own(0, address);
                receive(rank() + power, FOLD, bytes, sum, 1);
            }
        }
    }

    @Override
    boolean next() {
        if (stage == Integer.MAX_VALUE) {
            return false;
        }
        stage++;
        int stages = Integer.numberOfTrailingZeros(power);
        if (extra) {
            stage = Integer.MAX_VALUE;
            receive(rank() - power, UNFOLD, bytes, address, any -> {});
        } else if (stage < stages) {
            exchange(rank() ^ 1 << stage, stage == stages - 1);
        } else {
            stage = Integer.MAX_VALUE;
            if (folds) {
                send(rank() + power, UNFOLD, current, bytes, bytes);
            }
            copy(current, address, bytes);
        }
        return true;
    }

    private void exchange(int partner, boolean last) {
        boolean lower = rank() < partner;
        OrderedSum sum = sum(2, bytes, other, last ? scale() : 1f, true, any -> {});
        sum.own(lower ? 0 : 1, current);
        send(partner, stage, current, bytes, bytes);
        receive(partner, stage, bytes, sum, lower ? 1 : 0);
        long sent = current;
        current = other;
        other = sent;
    }
}
