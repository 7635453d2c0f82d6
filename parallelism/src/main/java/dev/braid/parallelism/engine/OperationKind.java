package dev.braid.parallelism.engine;

import java.util.Locale;

/** The collectives, by their names in messages and records. */
enum OperationKind {
    ALL_REDUCE,
    REDUCE_SCATTER,
    ALL_GATHER,
    ALL_TO_ALL,
    BROADCAST,
    GATHER,
    POINT_TO_POINT,
    BARRIER;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
