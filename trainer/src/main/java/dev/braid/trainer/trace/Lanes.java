package dev.braid.trainer.trace;

import dev.braid.tensor.trace.Span;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which spans stand in which line of the picture. What the rank's thread does has a line for phases, one for operations and one for
 * waits; collectives have a line for each mesh axis, and more where several are in flight at a time: viewers draw spans that
 * overlap without nesting wrongly in one line.
 */
final class Lanes {
    private Lanes() {}

    /** Spans by the name of their lane, in the order of lanes, and within a lane in the order of starts. */
    static Map<String, List<Span>> of(List<Span> spans) {
        Map<String, List<Span>> lanes = new LinkedHashMap<>();
        add(lanes, "phases", spans, Span.Kind.PHASE);
        add(lanes, "compute", spans, Span.Kind.COMPUTE);
        add(lanes, "waits", spans, Span.Kind.WAIT);
        Map<String, List<Span>> axes = new TreeMap<>();
        for (Span span : of(spans, Span.Kind.COMMUNICATION)) {
            axes.computeIfAbsent(axis(span.lane()), axis -> new ArrayList<>()).add(span);
        }
        axes.forEach((axis, flights) -> {
            List<List<Span>> apart = apart(flights);
            for (int i = 0; i < apart.size(); i++) {
                lanes.put("in flight: " + axis + (i == 0 ? "" : " " + (i + 1)), apart.get(i));
            }
        });
        return lanes;
    }

    /** The mesh axis of a process group, whose name it begins. */
    static String axis(String group) {
        int point = group.indexOf('.');
        return point < 0 ? group : group.substring(0, point);
    }

    private static void add(Map<String, List<Span>> lanes, String name, List<Span> spans, Span.Kind kind) {
        List<Span> own = of(spans, kind);
        if (!own.isEmpty()) {
            lanes.put(name, own);
        }
    }

    /** In the order of starts; of those that start together the longest first, since the others lie in it. */
    private static List<Span> of(List<Span> spans, Span.Kind kind) {
        return spans.stream()
                .filter(span -> span.kind() == kind)
                .sorted(Comparator.comparingLong(Span::startNanos)
                        .thenComparing(Comparator.comparingLong(Span::endNanos).reversed()))
                .toList();
    }

    /** Each span goes to the first lane that is free when it starts: so there are as many lanes as ever overlap. */
    private static List<List<Span>> apart(List<Span> spans) {
        List<List<Span>> lanes = new ArrayList<>();
        for (Span span : spans) {
            lanes.stream()
                    .filter(lane -> lane.getLast().endNanos() <= span.startNanos())
                    .findFirst()
                    .orElseGet(() -> {
                        lanes.add(new ArrayList<>());
                        return lanes.getLast();
                    })
                    .add(span);
        }
        return lanes;
    }
}
