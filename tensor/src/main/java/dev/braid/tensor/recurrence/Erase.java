package dev.braid.tensor.recurrence;

import dev.braid.tensor.attention.Heads;

/**
 * The change of rank one, {@code b_t (a_t^T S_{t-1})}, that a delta rule makes to the state: {@code a} reads the state
 * before its decay. DeltaNet has {@code a = k}, {@code b = -beta k}; the table for the other systems is in
 * {@link Recurrence}.
 *
 * @param a of the head size of {@code k}
 * @param b of the head size of {@code k}
 */
public record Erase(Heads a, Heads b) {}
