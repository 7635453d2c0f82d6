package dev.braid.trainer.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A collective that can be measured. */
public enum CommOperation {
    /** Sum over all ranks, on all ranks. */
    ALL_REDUCE,
    /** Each rank's slice, on all ranks. The bytes are those of the output. */
    ALL_GATHER,
    /** Sum over all ranks, each rank its slice. The bytes are those of the input. */
    REDUCE_SCATTER,
    /** A slice of each rank to each rank. */
    ALL_TO_ALL,
    /** From the last rank, so that rank 0 sees when the bytes have come. */
    BROADCAST,
    /** Each rank sends to the next and receives from the one before. */
    SEND_RECEIVE,
    /** Moves nothing. */
    BARRIER;

    /** What people type: {@code all_reduce}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The operation with this {@link #word}. */
    public static Optional<CommOperation> of(String word) {
        return Arrays.stream(values()).filter(op -> op.word().equals(word)).findFirst();
    }

    /** The words of all. */
    public static List<String> words() {
        return Arrays.stream(values()).map(CommOperation::word).toList();
    }

    /** False for an operation without a tensor. */
    public boolean sized() {
        return this != BARRIER;
    }

    /**
     * What the bytes of the whole tensor are multiplied by to get those that cross the slowest link, as in nccl-tests: bus
     * bandwidth is then comparable between operations and numbers of ranks.
     */
    public double busFactor(int ranks) {
        return switch (this) {
            case ALL_REDUCE -> 2.0 * (ranks - 1) / ranks;
            case ALL_GATHER, REDUCE_SCATTER, ALL_TO_ALL -> (ranks - 1.0) / ranks;
            case BROADCAST, SEND_RECEIVE -> 1;
            case BARRIER -> 0;
        };
    }
}
