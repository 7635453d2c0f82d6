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
 */
public record StepSettings(
        double peakRate,
        double clip,
        ScheduleConfig schedule,
        int totalSteps,
        int microbatch,
        boolean recompute,
        int groups) {

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
                PipelineLayout.groups(experiment));
    }

    /** Learning rate of a step, counted from 0. */
    double rate(int step) {
        return peakRate * schedule.share(step, totalSteps);
    }
}
