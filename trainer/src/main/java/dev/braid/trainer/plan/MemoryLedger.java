package dev.braid.trainer.plan;

import dev.braid.tensor.Memory;
import java.util.EnumMap;
import java.util.Map;

/**
 * Counts bytes as a rank's {@link Memory} does, without having any: what is live, and what was live at the fullest moment. Used
 * by one thread.
 */
final class MemoryLedger {
    private final Map<Term, Long> live = new EnumMap<>(Term.class);
    private long total;
    private long peakTotal;
    private Footprint peak = new Footprint(Map.of());
    private Transient largest = new Transient("none", 0);

    /** One allocation. */
    final class Held {
        private final Term term;
        private long bytes;

        private Held(Term term, long bytes) {
            this.term = term;
            this.bytes = bytes;
        }

        /** Gives it back; a second time has no effect. */
        void release() {
            live.merge(term, -bytes, Long::sum);
            total -= bytes;
            bytes = 0;
        }
    }

    /** Something that is there for a short time. */
    record Transient(String name, long bytes) {}

    /** Something that stays for as long as it is needed. */
    Held hold(Term term, long bytes) {
        long size = Math.ceilDiv(bytes, Memory.ALIGNMENT) * Memory.ALIGNMENT;
        add(term, size);
        return new Held(term, size);
    }

    private void add(Term term, long bytes) {
        live.merge(term, bytes, Long::sum);
        total += bytes;
        if (total > peakTotal) {
            peakTotal = total;
            peak = new Footprint(live);
        }
    }

    /**
     * So many whole blocks more, or less where they are below 0.
     *
     * @param name by which it is reported if it is the largest of what is there for a short time, as all but activations is
     */
    void change(Term term, String name, long bytes) {
        if (term != Term.ACTIVATIONS && bytes > largest.bytes()) {
            largest = new Transient(name, bytes);
        }
        add(term, bytes);
    }

    /** Something large that is there for a short time, with a name by which the largest is reported. */
    Held holdShortly(Term term, String name, long bytes) {
        if (bytes > largest.bytes()) {
            largest = new Transient(name, bytes);
        }
        return hold(term, bytes);
    }

    /** Something that an operation needs while it runs, and for nothing else. */
    void pass(Term term, String name, long bytes) {
        if (bytes > 0) {
            holdShortly(term, name, bytes).release();
        }
    }

    /** What is live now. */
    Footprint live() {
        return new Footprint(live);
    }

    /** What was live at the fullest moment. */
    Footprint peak() {
        return peak;
    }

    /** The largest of what was there for a short time. */
    Transient largest() {
        return largest;
    }
}
