package dev.braid.parallelism.pipeline;

import java.util.Arrays;
import java.util.List;

/** Schedules written down in tests. */
final class TestSchedules {
    private TestSchedules() {}

    /** A schedule of these orders: {@code 0F0 (0F1;1B0)}. */
    static Schedule of(StageMap map, int microbatches, String... orders) {
        List<List<Slot>> ranks = Arrays.stream(orders)
                .map(order ->
                        Arrays.stream(order.split(" ")).map(TestSchedules::slot).toList())
                .toList();
        return new Schedule("hand-made", map, microbatches, ranks, true);
    }

    private static Slot slot(String text) {
        if (!text.startsWith("(")) {
            return Slot.of(action(text));
        }
        String[] pair = text.substring(1, text.length() - 1).split(";");
        return Slot.pair(action(pair[0]), action(pair[1]));
    }

    private static Action action(String text) {
        int kind = text.replaceAll("[0-9]", " ").indexOf(text.replaceAll("[0-9]", ""));
        return new Action(
                Action.Kind.valueOf(text.substring(kind, kind + 1)),
                Integer.parseInt(text.substring(0, kind)),
                Integer.parseInt(text.substring(kind + 1)));
    }
}
