package dev.braid.trainer.plan;

import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * All schedules for one run, side by side.
 *
 * @param choices every schedule, in the order of names; one that lets ranks step without waiting for the norm comes twice
 * @param limit bytes that a rank may use; empty when nobody said
 */
public record ScheduleComparison(List<Choice> choices, OptionalLong limit) {
    /**
     * One schedule.
     *
     * @param optimistic whether ranks take their optimizer steps before the norm is known
     * @param plan with it; empty when it is not defined here
     * @param why it is not defined; empty when it is
     */
    public record Choice(ScheduleName name, boolean optimistic, Optional<PipelinePlan> plan, String why) {
        private boolean fits(OptionalLong limit) {
            return plan.isPresent() && (limit.isEmpty() || plan.get().total() <= limit.getAsLong());
        }
    }

    /**
     * Plans the run with every schedule.
     *
     * @param chunks stages a rank, where a schedule leaves a choice
     * @param layers of each stage, for schedules with as many stages
     */
    public static ScheduleComparison of(
            PlanInput input, OptionalInt chunks, Optional<List<Integer>> layers, OptionalLong limit) {
        List<Choice> choices = new ArrayList<>();
        for (ScheduleName name : ScheduleName.values()) {
            choices.add(choice(input, name, false, chunks, layers, limit));
            if (!name.settles() && choices.getLast().plan().isPresent()) {
                choices.add(choice(input, name, true, chunks, layers, limit));
            }
        }
        return new ScheduleComparison(List.copyOf(choices), limit);
    }

    private static Choice choice(
            PlanInput input,
            ScheduleName name,
            boolean optimistic,
            OptionalInt chunks,
            Optional<List<Integer>> layers,
            OptionalLong limit) {
        try {
            // As a run makes it, whatever the cores.
            EstimatedSchedule made = EstimatedSchedule.of(input.withCores(1), name, chunks, layers, limit, optimistic);
            PipelinePlan plan = PipelinePlan.of(input, made.schedule(), made.split(), optimistic);
            return new Choice(name, optimistic, Optional.of(plan), "");
        } catch (IllegalArgumentException undefined) {
            return new Choice(name, optimistic, Optional.empty(), undefined.getMessage());
        }
    }

    /** The fastest that fits; of equally fast ones that with the least memory. Empty when none fits. */
    public Optional<Choice> recommended() {
        return choices.stream()
                .filter(choice -> choice.fits(limit))
                .min(Comparator.comparingDouble(
                                (Choice choice) -> choice.plan().orElseThrow().step())
                        .thenComparingLong(choice -> choice.plan().orElseThrow().total()));
    }

    /** The limit for which a run has to make the schedule of {@code choice} to get this plan; empty where it is made for none. */
    public OptionalLong limitToWrite(Choice choice) {
        return choice.name().automatic() ? limit : OptionalLong.empty();
    }

    /** Whether a choice is within the limit; true when there is none. */
    public boolean fits(Choice choice) {
        return choice.fits(limit);
    }
}
