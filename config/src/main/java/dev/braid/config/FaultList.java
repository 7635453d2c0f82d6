package dev.braid.config;

import java.util.ArrayList;
import java.util.List;

/** Collects faults together with their places, so that they can be reported in the order of the file. */
final class FaultList {
    private record Placed(Place place, Fault fault) {}

    private final List<Placed> placed = new ArrayList<>();

    void add(Place place, String key, String problem, String fix) {
        placed.add(new Placed(place, new Fault(place.text(), key, problem, fix)));
    }

    int size() {
        return placed.size();
    }

    boolean isEmpty() {
        return placed.isEmpty();
    }

    /** By line and column; faults without a line (of options) come last, in the order they were found. */
    List<Fault> sorted() {
        List<Placed> ordered = new ArrayList<>(placed);
        ordered.sort((left, right) -> {
            int lines = Integer.compare(order(left.place()), order(right.place()));
            return lines != 0
                    ? lines
                    : Integer.compare(left.place().column(), right.place().column());
        });
        return ordered.stream().map(Placed::fault).distinct().toList();
    }

    private static int order(Place place) {
        return place.line() == 0 ? Integer.MAX_VALUE : place.line();
    }
}
