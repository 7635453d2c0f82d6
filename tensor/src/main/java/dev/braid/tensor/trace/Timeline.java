package dev.braid.tensor.trace;

import java.util.ArrayList;
import java.util.List;

/**
 * Keeps what it hears, up to a limit. An operation inside of which the thread waited for other ranks is kept as its wait only: an
 * operation of the profile either computes or waits. Spans come from one thread; flights may come from any.
 */
public final class Timeline implements Recorder {
    private final int limit;
    private final List<Span> spans = new ArrayList<>();
    private final List<Flight> flights = new ArrayList<>();
    private long dropped;

    /** @param limit most spans and flights to keep; phases are kept beyond it */
    public Timeline(int limit) {
        this.limit = limit;
    }

    @Override
    public synchronized void span(Span.Kind kind, String name, long startNanos, long endNanos) {
        if (kind == Span.Kind.COMPUTE && waited(startNanos)) {
            return;
        }
        if (kind == Span.Kind.PHASE || room()) {
            spans.add(Span.own(kind, name, startNanos, endNanos));
        }
    }

    @Override
    public synchronized void flight(Flight flight) {
        if (room()) {
            flights.add(flight);
        }
    }

    private boolean room() {
        boolean room = spans.size() + flights.size() < limit;
        dropped += room ? 0 : 1;
        return room;
    }

    /** Whether there was a wait since {@code startNanos}. Spans come in the order of their ends, so it is one of the last. */
    private boolean waited(long startNanos) {
        for (int i = spans.size() - 1; i >= 0 && spans.get(i).startNanos() >= startNanos; i--) {
            if (spans.get(i).kind() == Span.Kind.WAIT) {
                return true;
            }
        }
        return false;
    }

    /** What was heard so far, flights as they stand at {@code untilNanos}. */
    public synchronized List<Span> spans(long untilNanos) {
        List<Span> all = new ArrayList<>(spans);
        flights.forEach(flight -> all.add(Span.of(flight, untilNanos)));
        return all;
    }

    /** How many spans and flights there was no room for. */
    public synchronized long dropped() {
        return dropped;
    }
}
