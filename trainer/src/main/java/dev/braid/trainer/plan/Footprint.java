package dev.braid.trainer.plan;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/** Bytes of a rank by term, at one moment. Immutable. */
public record Footprint(Map<Term, Long> bytes) {
    /** A copy. */
    public Footprint(Map<Term, Long> bytes) {
        EnumMap<Term, Long> all = new EnumMap<>(Term.class);
        for (Term term : Term.values()) {
            all.put(term, bytes.getOrDefault(term, 0L));
        }
        this.bytes = Collections.unmodifiableMap(all);
    }

    /** Bytes of one term. */
    public long of(Term term) {
        return bytes.getOrDefault(term, 0L);
    }

    /** Bytes of all terms. */
    public long total() {
        return bytes.values().stream().mapToLong(Long::longValue).sum();
    }
}
