package dev.braid.trainer.plan;

import dev.braid.models.Architecture;
import dev.braid.models.StageSplit;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.StageCosts;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.ScheduleRequest;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import dev.braid.trainer.report.Format;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A schedule by name for the stages of a model, with the split that goes with it. Automatic schedules go by estimated costs, and by
 * the memory that a rank may use.
 *
 * @param schedule of the pipeline
 * @param split of the model
 */
public record EstimatedSchedule(Schedule schedule, StageSplit split) {
    /**
     * Makes one.
     *
     * @param chunks stages a rank, where the schedule leaves a choice
     * @param layers of each stage; empty to make stages of like cost
     * @param limit bytes that a rank may use; empty for what the schedule's name says
     * @param optimistic whether ranks step before the gradient's norm is known, so that copies for undoing it take part of the limit
     * @throws IllegalArgumentException with the reason, when there is no such schedule, the model can't be cut into so many stages,
     *     or the limit is too small for any order
     */
    public static EstimatedSchedule of(
            PlanInput input,
            ScheduleName name,
            OptionalInt chunks,
            Optional<List<Integer>> layers,
            OptionalLong limit,
            boolean optimistic) {
        ScheduleRequest request = new ScheduleRequest(
                input.mesh().pipeline(),
                input.microbatches(),
                name.allowsChunks(name.defaultChunks() + 1) ? chunks : OptionalInt.empty(),
                Optional.empty(),
                OptionalDouble.empty());
        Optional<String> fault = Schedules.faults(name, request).stream().findFirst();
        if (fault.isPresent()) {
            throw new IllegalArgumentException(fault.get());
        }
        int stages = Schedules.map(name, request).stages();
        StageSplit split = split(input, stages, layers);
        ScheduleRequest priced = request.withCosts(forSearch(StageEstimate.of(input, split, true)));
        if (!name.automatic() || limit.isEmpty()) {
            return new EstimatedSchedule(Schedules.of(name, priced), split);
        }
        return new EstimatedSchedule(
                Schedules.of(name, priced.withMemoryLimit(room(input, name, split, limit.getAsLong(), optimistic))),
                split);
    }

    /** A schedule from elsewhere, and the split for its stages. */
    public static EstimatedSchedule of(PlanInput input, Schedule schedule, Optional<List<Integer>> layers) {
        return new EstimatedSchedule(schedule, split(input, schedule.map().stages(), layers));
    }

    private static StageSplit split(PlanInput input, int stages, Optional<List<Integer>> layers) {
        return layers.filter(written -> written.size() == stages)
                .map(StageSplit::byHand)
                .orElseGet(() -> byCost(input, stages));
    }

    private static StageSplit byCost(PlanInput input, int stages) {
        Architecture architecture = new Architecture(input.model(), input.vocabulary(), input.compute(), 1, 0);
        return StageSplit.byCost(architecture.costs(input.sequence()), stages);
    }

    /**
     * Costs for a search within the memory of 1F1B: where W keeps a little more than there was before I, no rank could fill that
     * memory with forwards, for the sake of that little.
     */
    private static StageCosts forSearch(StageCosts costs) {
        List<StageCosts.Stage> stages = costs.stages().stream()
                .map(stage -> new StageCosts.Stage(
                        stage.forward(),
                        stage.input(),
                        stage.weight(),
                        Math.max(stage.activations(), stage.kept()),
                        stage.kept()))
                .toList();
        return new StageCosts(stages, costs.communication());
    }

    /** What a limit leaves for activations on the rank where that is least; one stage a rank. */
    private static double room(PlanInput input, ScheduleName name, StageSplit split, long limit, boolean optimistic) {
        PipelinePlan plan = PipelinePlan.of(
                input,
                Schedules.of(ScheduleName.ONE_F_ONE_B, input.mesh().pipeline(), input.microbatches()),
                split,
                optimistic);
        double room = limit;
        for (int rank = 0; rank < plan.ranks().size(); rank++) {
            double fixed =
                    plan.ranks().get(rank).peak().total() - plan.simulation().peak(rank);
            room = Math.min(room, limit - fixed);
        }
        StageCosts costs = StageEstimate.of(input, split, true);
        double least = costs.stages().stream()
                .mapToDouble(stage -> Math.max(stage.activations(), stage.kept()))
                .max()
                .orElseThrow();
        if (room < least) {
            throw new IllegalArgumentException("pipeline.memory_limit: " + Format.bytes(limit) + " is too small for "
                    + name + ": a rank needs " + Format.bytes(Math.rint(limit - room))
                    + " without any activations, and " + Format.bytes(least) + " for those of one micro-batch"
                    + (optimistic ? "; with pipeline.optimistic_step: false it would need less" : ""));
        }
        return room;
    }
}
