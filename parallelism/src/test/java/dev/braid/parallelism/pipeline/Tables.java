package dev.braid.parallelism.pipeline;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Schedules as tests write them: a line a rank, {@code 0F0 (7F1;0B0)}. */
final class Tables {
    private static final Pattern ACTION = Pattern.compile("(\\d+)([FIWB])(\\d+)");

    private Tables() {}

    /** A schedule in which all ranks agree on the norm. */
    static Schedule schedule(StageMap map, int microbatches, String... ranks) {
        return schedule(map, microbatches, true, ranks);
    }

    static Schedule schedule(StageMap map, int microbatches, boolean settles, String... ranks) {
        return new Schedule(
                "table",
                map,
                microbatches,
                Arrays.stream(ranks).map(Tables::slots).toList(),
                settles);
    }

    static List<Slot> slots(String rank) {
        return Arrays.stream(rank.strip().split(" +")).map(Tables::slot).toList();
    }

    private static Slot slot(String word) {
        return new Slot(Arrays.stream(word.replaceAll("[()]", "").split(";"))
                .map(Tables::action)
                .toList());
    }

    static Action action(String word) {
        Matcher parts = ACTION.matcher(word);
        if (!parts.matches()) {
            throw new IllegalArgumentException(word);
        }
        return new Action(
                Action.Kind.valueOf(parts.group(2)),
                Integer.parseInt(parts.group(1)),
                Integer.parseInt(parts.group(3)));
    }
}
