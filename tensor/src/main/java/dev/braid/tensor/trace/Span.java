package dev.braid.tensor.trace;

/**
 * Something that took its time. Times are those of {@link System#nanoTime}.
 *
 * @param lane what it is beside: a process group for {@link Kind#COMMUNICATION}, otherwise empty
 * @param name operation, phase, or the mesh axis that was waited for
 * @param bytes size of the tensor of a collective; otherwise 0
 * @param sentBytes what of a collective went to other ranks; otherwise 0
 * @param ended false when it went on after {@code endNanos}, where the recording ended
 */
public record Span(
        Kind kind,
        String lane,
        String name,
        long startNanos,
        long endNanos,
        long bytes,
        long sentBytes,
        boolean ended) {
    /** What kind of thing. */
    public enum Kind {
        /** A part of the step, such as {@code forward}; phases lie inside one another or apart. */
        PHASE,
        /** An operation on the rank's cores; never two at a time. */
        COMPUTE,
        /** The rank's thread was blocked until other ranks had done their part. */
        WAIT,
        /** A collective from its start to its end, whatever the rank's thread did meanwhile. */
        COMMUNICATION
    }

    /** A span of the rank's own thread. */
    public static Span own(Kind kind, String name, long startNanos, long endNanos) {
        return new Span(kind, "", name, startNanos, endNanos, 0, 0, true);
    }

    /** What {@code flight} has come to by {@code untilNanos}. */
    static Span of(Flight flight, long untilNanos) {
        long end = flight.endedNanos().orElse(Long.MAX_VALUE);
        boolean ended = end <= untilNanos;
        return new Span(
                Kind.COMMUNICATION,
                flight.group(),
                flight.operation(),
                flight.startedNanos(),
                ended ? end : untilNanos,
                flight.bytes(),
                flight.sentBytes(),
                ended);
    }

    /** Length in nanoseconds. */
    public long nanos() {
        return endNanos - startNanos;
    }
}
