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
    /** Where the partial sum of this rank lies, and where that of the stage in progress is made. */
    private long current;

    private long coming;
    private long spare;

    RecursiveDoubling(Engine engine, Group group, DType dtype, ReduceOp op, long address, long bytes) {
        super(engine, group, OperationKind.ALL_REDUCE, dtype, op, Algorithm.RECURSIVE_DOUBLING, bytes);
        this.address = address;
        this.current = address;
        this.coming = address;
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
        current = coming;
        if (stage == Integer.MAX_VALUE) {
            return bringHome();
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
                return bringHome();
            }
            send(rank() + power, UNFOLD, current, bytes, bytes);
        }
        return true;
    }

    /** Copies a result that was made apart to where it belongs. False when it is there. */
    private boolean bringHome() {
        if (current == address) {
            return false;
        }
        copy(current, address, bytes);
        coming = address;
        return true;
    }

    private void exchange(int partner, boolean last) {
        boolean lower = rank() < partner;
        // The sum replaces what is sent, so it may not be written before that has gone. Where the partner reads it in
        // place,
        // both would wait for each other: then the sum is made apart.
        boolean apart = bytes > Peer.EAGER_LIMIT;
        if (apart) {
            spare = spare == 0 ? scratch(bytes) : spare;
            coming = current == address ? spare : address;
        }
        OrderedSum exchanged = sum(2, bytes, coming, last ? scale() : 1f, apart, any -> {});
        sum = exchanged;
        exchanged.own(lower ? 0 : 1, current);
        send(partner, stage, current, bytes, bytes);
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
