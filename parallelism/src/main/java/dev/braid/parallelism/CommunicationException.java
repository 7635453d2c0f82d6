package dev.braid.parallelism;

import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A collective did not complete. The message names the missing ranks, the operation, its group, sequence number, bytes and call
 * site; after it, nothing of the attempt can be used but {@link Fabric#close}.
 */
public final class CommunicationException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** What kind of end it was. */
    public enum Kind {
        /** A peer's process or link is gone. */
        DEAD,
        /** A peer gave no sign of life for the deadline. */
        SILENT,
        /** A peer lives, but did not come to the operation in time. */
        LATE,
        /** A rank was interrupted or gave up. */
        CANCELLED,
        /** Ranks disagree about what they do together. */
        MISMATCH,
        /** The media driver, a file or memory that the transport needs is gone. */
        TRANSPORT,
        /** The fabric was closed. */
        CLOSED
    }

    private final Kind kind;
    private final TreeSet<Integer> missing;

    public CommunicationException(Kind kind, SortedSet<Integer> missing, String message) {
        super(message);
        this.kind = kind;
        this.missing = new TreeSet<>(missing);
    }

    /** What kind of end it was, as the rank that found out saw it. */
    public Kind kind() {
        return kind;
    }

    /** World ranks that are the cause, as far as it is known; ascending. */
    public List<Integer> missing() {
        return List.copyOf(missing);
    }
}
