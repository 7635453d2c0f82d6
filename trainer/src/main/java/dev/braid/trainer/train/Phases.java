package dev.braid.trainer.train;

import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;

/** The phases of a step, one after the other, for whoever records them. Used by the rank's thread. */
final class Phases {
    private Recorder recorder = Recorder.NONE;
    private long from;

    /** Tells {@code listener} from now on. */
    void record(Recorder listener) {
        recorder = listener;
    }

    /** The next phase begins now. */
    void begin() {
        from = System.nanoTime();
    }

    /** A phase ends now, and the next one begins. */
    void ended(String phase) {
        long now = System.nanoTime();
        recorder.span(Span.Kind.PHASE, phase, from, now);
        from = now;
    }
}
