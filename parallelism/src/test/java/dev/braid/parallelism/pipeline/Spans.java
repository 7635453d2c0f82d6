package dev.braid.parallelism.pipeline;

import dev.braid.tensor.trace.Flight;
import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/** The phases of a rank, and a figure at the end of each. */
final class Spans implements Recorder {
    final List<String> names = new ArrayList<>();
    final List<Long> figures = new ArrayList<>();
    private final LongSupplier figure;

    Spans() {
        this(() -> 0);
    }

    Spans(LongSupplier figure) {
        this.figure = figure;
    }

    @Override
    public void span(Span.Kind kind, String name, long startNanos, long endNanos) {
        if (kind == Span.Kind.PHASE) {
            names.add(name);
            figures.add(figure.getAsLong());
        }
    }

    @Override
    public void flight(Flight flight) {}
}
