package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.StageCosts;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What a schedule is made for. Any values: {@link Schedules#faults} says what is wrong with them.
 *
 * @param ranks of the pipeline
 * @param microbatches of a step, over all directions
 * @param chunks stages a rank, where the schedule leaves a choice; its own default when empty
 * @param costs of every stage of the model, which ZB-1p, ZB-2p and ZB-V go by; when empty, equal times of F, I and W and no time
 *     for communication
 * @param memoryLimit what ZB-1p and ZB-2p may hold on a rank, in the unit of {@code costs}; when empty, what their names say
 */
public record ScheduleRequest(
        int ranks, int microbatches, OptionalInt chunks, Optional<StageCosts> costs, OptionalDouble memoryLimit) {
    /** One with all defaults. */
    public static ScheduleRequest of(int ranks, int microbatches) {
        return new ScheduleRequest(ranks, microbatches, OptionalInt.empty(), Optional.empty(), OptionalDouble.empty());
    }

    /** The same with so many stages a rank. */
    public ScheduleRequest withChunks(int count) {
        return new ScheduleRequest(ranks, microbatches, OptionalInt.of(count), costs, memoryLimit);
    }

    /** The same for stages of these costs. */
    public ScheduleRequest withCosts(StageCosts stages) {
        return new ScheduleRequest(ranks, microbatches, chunks, Optional.of(stages), memoryLimit);
    }

    /** The same within so much memory on a rank. */
    public ScheduleRequest withMemoryLimit(double limit) {
        return new ScheduleRequest(ranks, microbatches, chunks, costs, OptionalDouble.of(limit));
    }
}
