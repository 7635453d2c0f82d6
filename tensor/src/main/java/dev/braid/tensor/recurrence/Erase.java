package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.Heads;
import java.util.Optional;

/**
 * The change of rank one, {@code b_t (a_t^T S_{t-1})}, that a delta rule makes to the state: {@code a} reads the state
 * before its decay. DeltaNet has {@code a = -beta k}, {@code b = k}; the table for the other systems is in
 * {@link Recurrence}.
 *
 * @param a of the head size of {@code k}
 * @param b of the head size of {@code k}; without it b is k, which about halves the work, and the gradient of k is that of both
 */
public record Erase(Heads a, Optional<Heads> b) {
    /** What is read is written where k points. */
    public static Erase along(Heads a) {
        return new Erase(a, Optional.empty());
    }

    /** What is read is written elsewhere. */
    public static Erase apart(Heads a, Heads b) {
        return new Erase(a, Optional.of(b));
    }
}
