package dev.braid.trainer.train;

import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.plan.PipelinePlan;
import dev.braid.trainer.plan.PlanInput;
import dev.braid.trainer.report.Format;
import java.util.List;
import java.util.OptionalLong;

/**
 * Whether ranks have the memory that undoing a step takes: masters and moments once more. By the plan's figures, before anything is
 * allocated.
 */
public final class RoomToUndo {
    private static final String KEY = "pipeline.optimistic_step: is true, but undoing a step takes ";
    private static final String FIX =
            "; write false, divide the optimizer's state over more shards, or make the pipeline longer";

    private final PipelinePlan with;
    private final PipelinePlan without;
    private final OptionalLong limit;

    private RoomToUndo(PipelinePlan with, PipelinePlan without, OptionalLong limit) {
        this.with = with;
        this.without = without;
        this.limit = limit;
    }

    /** What undoing takes in the pipeline of an experiment. */
    public static RoomToUndo of(Experiment experiment, int vocabulary, PipelineLayout layout, int cores) {
        PlanInput input = PlanInput.of(experiment, vocabulary, cores);
        return new RoomToUndo(
                PipelinePlan.of(input, layout.schedule(), layout.split(), true),
                PipelinePlan.of(input, layout.schedule(), layout.split(), false),
                experiment.pipeline().memoryLimitBytes());
    }

    /**
     * Compares with {@code pipeline.memory_limit}.
     *
     * @throws IllegalArgumentException when a rank needs more, with the figures
     */
    public void requireWithinLimit() {
        long total = with.total();
        if (limit.isPresent() && total > limit.getAsLong()) {
            int fullest = with.ranks().indexOf(with.fullest());
            throw new IllegalArgumentException(
                    KEY + Format.bytes(more(fullest)) + " more on rank " + fullest + " of the pipeline, "
                            + Format.bytes(total) + " in all, and pipeline.memory_limit is "
                            + Format.bytes(limit.getAsLong()) + FIX);
        }
    }

    /**
     * Compares with the memory of a machine.
     *
     * @param places in the pipeline of all ranks on the machine
     * @param bytes that the machine has
     * @throws IllegalArgumentException when they need more together, with the figures
     */
    public void requireOnHost(String host, List<Integer> places, long bytes) {
        long total = places.stream()
                .mapToLong(place -> with.ranks().get(place).peak().total())
                .sum();
        long more = places.stream().mapToLong(this::more).sum();
        if (total > bytes) {
            throw new IllegalArgumentException(KEY + Format.bytes(more) + " more on the "
                    + (places.size() == 1 ? "rank" : places.size() + " ranks") + " of " + host + ", "
                    + Format.bytes(total) + " in all, and the machine has " + Format.bytes(bytes) + FIX);
        }
    }

    private long more(int rank) {
        return with.ranks().get(rank).peak().total()
                - without.ranks().get(rank).peak().total();
    }
}
