package dev.braid.tensor.trace;

/**
 * Hears what a rank does. Times are those of {@link System#nanoTime}. Spans come from the rank's thread, flights from the thread
 * that starts the collective.
 */
public interface Recorder {
    /** Where nothing is recorded, which is almost always: costs a call. */
    Recorder NONE = new Recorder() {
        @Override
        public void span(Span.Kind kind, String name, long startNanos, long endNanos) {}

        @Override
        public void flight(Flight flight) {}
    };

    /**
     * The rank's thread has done something, or waited.
     *
     * @param name of the operation or the phase; of a wait, the mesh axis
     */
    void span(Span.Kind kind, String name, long startNanos, long endNanos);

    /** A collective was started and goes on by itself. */
    void flight(Flight flight);
}
