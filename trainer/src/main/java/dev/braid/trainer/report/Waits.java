package dev.braid.trainer.report;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Time of a step in which rank 0 could not go on because other ranks had not done their part: communication that was not hidden
 * behind computation, and ranks that were slower.
 *
 * @param stepSeconds of the whole step; 0 when unknown
 * @param seconds by mesh axis; empty for a rank alone
 */
public record Waits(double stepSeconds, SortedMap<String, Double> seconds) {
    /** Of a rank alone. */
    public static final Waits NONE = new Waits(0, new TreeMap<>());

    public Waits {
        seconds = Collections.unmodifiableSortedMap(new TreeMap<>(seconds));
    }

    /** Waits by mesh axis, in any order. */
    public static Waits of(double stepSeconds, Map<String, Double> seconds) {
        return new Waits(stepSeconds, new TreeMap<>(seconds));
    }

    /** Whether there was nobody to wait for, or it is not known how long the step was. */
    public boolean unknown() {
        return seconds.isEmpty() || stepSeconds <= 0;
    }

    /** The part of the step that was waiting, 0 to 1; NaN when unknown. */
    public double share() {
        return unknown()
                ? Double.NaN
                : seconds.values().stream().mapToDouble(Double::doubleValue).sum() / stepSeconds;
    }

    /** The part of the step that was waiting for the ranks along {@code axis}; NaN when unknown. */
    public double share(String axis) {
        return unknown() ? Double.NaN : seconds.getOrDefault(axis, 0.0) / stepSeconds;
    }

    /** In words, such as {@code 12% (shard 9.0%)} with the axis that counts most where there are several; empty when unknown. */
    public String describe() {
        if (unknown()) {
            return "";
        }
        if (seconds.size() == 1) {
            return Format.percent(share()) + " (" + seconds.firstKey() + ")";
        }
        String most = Collections.max(seconds.entrySet(), Map.Entry.comparingByValue())
                .getKey();
        return Format.percent(share()) + " (" + most + " " + Format.percent(share(most)) + ")";
    }
}
