package dev.braid.trainer.train;

import dev.braid.optimizers.AdamWConfig;
import dev.braid.optimizers.ScheduleConfig;
import dev.braid.trainer.config.Experiment;

/**
 * How optimizer steps are made.
 *
 * @param peakRate learning rate that the schedule takes shares of
 * @param clip largest gradient norm; positive infinity does not clip
 * @param totalSteps length of the run, for the schedule
 * @param microbatch sequences in memory at a time
 * @param recompute keep only the inputs of blocks and run them again in backward
 * @param groups in how many equal groups of micro-batches gradients add up by themselves; with a pipeline its schedule says that
 * @param optimistic whether ranks of a pipeline step before the norm is known, and undo what was not right
 * @param seed of the noise of routers
 */
public record StepSettings(
        double peakRate,
        double clip,
        ScheduleConfig schedule,
        int totalSteps,
        int microbatch,
        boolean recompute,
        int groups,
        boolean optimistic,
        long seed) {
    /** Those of a model without noise. */
    public StepSettings(
            double peakRate,
            double clip,
            ScheduleConfig schedule,
            int totalSteps,
            int microbatch,
            boolean recompute,
            int groups,
            boolean optimistic) {
        this(peakRate, clip, schedule, totalSteps, microbatch, recompute, groups, optimistic, 0);
    }

    /** Steps that wait for the norm. */
    public StepSettings(
            double peakRate,
            double clip,
            ScheduleConfig schedule,
            int totalSteps,
            int microbatch,
            boolean recompute,
            int groups) {
        this(peakRate, clip, schedule, totalSteps, microbatch, recompute, groups, false);
    }

    /** Those of an experiment. */
    public static StepSettings of(Experiment experiment) {
        AdamWConfig optimizer = (AdamWConfig) experiment.optimizer();
        return new StepSettings(
                optimizer.lr(),
                optimizer.clip().orElse(Double.POSITIVE_INFINITY),
                experiment.schedule(),
                experiment.train().steps(),
                experiment.microbatchSize(),
                experiment.train().recomputesBlocks(),
                PipelineLayout.groups(experiment),
                experiment.pipeline().stepsOptimistically(),
                experiment.seed());
    }

    /** Learning rate of a step, counted from 0. */
    double rate(int step) {
        return peakRate * schedule.share(step, totalSteps);
    }
}
