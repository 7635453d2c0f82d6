package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageMap;
import java.util.ArrayList;
import java.util.List;

/** In what two schedules differ. */
public final class ScheduleDifference {
    private ScheduleDifference() {}

    /**
     * What the schedules have apart from each other, but for their names, a line each: of their headers everything, of each rank
     * the first place. Empty where they are equal.
     */
    public static List<String> between(Schedule left, Schedule right) {
        List<String> lines = new ArrayList<>();
        compare(lines, "ranks", left.map().ranks(), right.map().ranks());
        compare(lines, "microbatches", left.microbatches(), right.microbatches());
        compare(lines, "placement", placement(left.map()), placement(right.map()));
        compare(lines, "settles", left.settles(), right.settles());
        for (int rank = 0; rank < Math.min(left.ranks().size(), right.ranks().size()); rank++) {
            compareOrders(lines, rank, left.ranks().get(rank), right.ranks().get(rank));
        }
        return List.copyOf(lines);
    }

    private static void compareOrders(List<String> lines, int rank, List<Slot> left, List<Slot> right) {
        for (int place = 0; place < Math.max(left.size(), right.size()); place++) {
            String one = at(left, place);
            String other = at(right, place);
            if (!one.equals(other)) {
                lines.add("rank " + rank + ", place " + (place + 1) + ": " + one + " | " + other);
                return;
            }
        }
    }

    private static String at(List<Slot> order, int place) {
        return place < order.size() ? order.get(place).toString() : "the end";
    }

    private static String placement(StageMap map) {
        return map.directions().toString();
    }

    private static void compare(List<String> lines, String key, Object left, Object right) {
        if (!left.equals(right)) {
            lines.add(key + ": " + left + " | " + right);
        }
    }
}
