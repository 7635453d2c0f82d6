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
    private OrderedSum sum;
    private int stage = -1;

    RecursiveDoubling(Engine engine, Group group, DType dtype, ReduceOp op, long address, long bytes) {
        super(engine, group, OperationKind.ALL_REDUCE, dtype, op, Algorithm.RECURSIVE_DOUBLING, bytes);
        this.address = address;
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
        } else if (folds) {
            sum = sum(2, bytes, address, 1f, true, any -> {});
            sum.own(0, address);
            receive(rank() + power, FOLD, bytes, sum, 1);
            sum = null;
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
            if (!folds) {
                return false;
            }
            send(rank() + power, UNFOLD, address, bytes, bytes);
        }
        return true;
    }

    private void exchange(int partner, boolean last) {
        boolean lower = rank() < partner;
        // The sum replaces what is sent: it is written once that has gone.
        OrderedSum exchanged = sum(2, bytes, address, last ? scale() : 1f, false, any -> {});
        sum = exchanged;
        exchanged.own(lower ? 0 : 1, address);
        sendCopied(partner, stage, address, bytes);
        receive(partner, stage, bytes, exchanged, lower ? 1 : 0);
    }

    @Override
    void handedOver() {
        if (sum != null) {
            sum.open();
        }
        completed();
    }
}
