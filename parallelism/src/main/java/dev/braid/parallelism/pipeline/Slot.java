package dev.braid.parallelism.pipeline;

import java.util.List;

/**
 * One place in a rank's order: an action, or a forward and a backward of different micro-batches that overlap, so that what one of
 * them communicates travels while the other computes.
 */
public record Slot(List<Action> actions) {
    public Slot {
        actions = List.copyOf(actions);
        boolean pair = actions.size() == 2
                && actions.get(0).kind() == Action.Kind.F
                && actions.get(1).kind().passesGradient();
        if (actions.size() != 1 && !pair) {
            throw new IllegalArgumentException(
                    "a slot is one action or a forward and then a backward, and not " + actions);
        }
    }

    /** One action. */
    public static Slot of(Action action) {
        return new Slot(List.of(action));
    }

    /** A forward and a backward that overlap. */
    public static Slot pair(Action forward, Action backward) {
        return new Slot(List.of(forward, backward));
    }

    /** Whether two actions overlap. */
    public boolean paired() {
        return actions.size() == 2;
    }

    /** {@code 3F1}, or for a pair {@code (7F0;0B3)}. */
    @Override
    public String toString() {
        return paired()
                ? "(" + actions.getFirst() + ";" + actions.getLast() + ")"
                : actions.getFirst().toString();
    }
}
