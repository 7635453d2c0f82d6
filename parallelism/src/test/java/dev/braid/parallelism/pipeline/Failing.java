package dev.braid.parallelism.pipeline;

import dev.braid.tensor.trace.Flight;
import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;

/**
 * Fails one action of a rank, as if its memory were full: a forward or a weight gradient in the middle, after its first operation,
 * and what passes gradients on at its end.
 */
final class Failing implements Recorder {
    private final Action action;
    private final String before;
    private boolean begun;

    /** Fails {@code action} of a rank that does it in {@code order}. */
    Failing(String action, RankActions order) {
        this.action = order.actions().stream()
                .filter(each -> each.toString().equals(action))
                .findFirst()
                .orElseThrow();
        int place = order.actions().indexOf(this.action);
        this.before = place == 0 ? "" : order.actions().get(place - 1).toString();
        this.begun = place == 0;
    }

    @Override
    public void span(Span.Kind kind, String name, long startNanos, long endNanos) {
        boolean inside = kind == Span.Kind.COMPUTE && begun && !action.kind().passesGradient();
        if (inside || name.equals(action.toString())) {
            throw new IllegalStateException("no memory for " + action);
        }
        begun |= name.equals(before);
    }

    @Override
    public void flight(Flight flight) {}
}
