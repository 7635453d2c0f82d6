package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageMap;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A schedule for a person, as papers write it. An action is
 *
 * <ul>
 *   <li>{@code F0} where a rank has one stage,
 *   <li>{@code 7F0}, with the stage, where it has several,
 *   <li>{@code F0>} and {@code F0<} where micro-batches come from both ends, each counted from 0 in its direction,
 *   <li>{@code F0a} and {@code F0b} where pairs overlap on a V: on the way down and on the way up.
 * </ul>
 *
 * A pair is {@code (F3>&B1<)}. What fits none of these is written in the canonical form of {@link Slot}.
 */
public final class ScheduleNotation {
    private enum Form {
        ONE_STAGE,
        STAGES,
        DIRECTIONS,
        V_SHAPED
    }

    private final Schedule schedule;
    private final Form form;

    private ScheduleNotation(Schedule schedule) {
        this.schedule = schedule;
        this.form = form(schedule);
    }

    /** The notation that fits {@code schedule}. */
    public static ScheduleNotation of(Schedule schedule) {
        return new ScheduleNotation(schedule);
    }

    /** A rank's order, its actions with a space between. */
    public String rank(int rank) {
        return schedule.ranks().get(rank).stream().map(this::slot).collect(Collectors.joining(" "));
    }

    /** Every rank's order. */
    public List<String> ranks() {
        return IntStream.range(0, schedule.ranks().size()).mapToObj(this::rank).toList();
    }

    /** One place of an order. */
    public String slot(Slot slot) {
        return slot.paired()
                ? "(" + action(slot.actions().getFirst()) + "&"
                        + action(slot.actions().getLast()) + ")"
                : action(slot.actions().getFirst());
    }

    /** One action. */
    public String action(Action action) {
        String kind = action.kind().name();
        return switch (form) {
            case ONE_STAGE -> kind + action.microbatch();
            case STAGES -> action.toString();
            case DIRECTIONS -> {
                int direction = schedule.map().direction(action.microbatch(), schedule.microbatches());
                int first = direction * schedule.microbatches() / 2;
                yield kind + (action.microbatch() - first) + (direction == 0 ? ">" : "<");
            }
            case V_SHAPED ->
                kind + action.microbatch() + (action.stage() < schedule.map().ranks() ? "a" : "b");
        };
    }

    private static Form form(Schedule schedule) {
        StageMap map = schedule.map();
        int ranks = map.ranks();
        if (map.equals(StageMap.linear(ranks))) {
            return Form.ONE_STAGE;
        }
        if (map.equals(StageMap.bothWays(ranks))) {
            return Form.DIRECTIONS;
        }
        boolean pairs = schedule.ranks().stream().flatMap(List::stream).anyMatch(Slot::paired);
        return pairs && map.equals(StageMap.vShaped(ranks)) ? Form.V_SHAPED : Form.STAGES;
    }
}
