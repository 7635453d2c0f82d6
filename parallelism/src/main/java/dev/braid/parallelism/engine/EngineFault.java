package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationException;
import java.util.SortedSet;

/** Carries the cause of a failure from where it is found up to the poll that ends the attempt. */
final class EngineFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    final CommunicationException.Kind kind;
    final transient SortedSet<Integer> missing;

    EngineFault(CommunicationException.Kind kind, SortedSet<Integer> missing, String message) {
        super(message, null, false, false);
        this.kind = kind;
        this.missing = missing;
    }
}
