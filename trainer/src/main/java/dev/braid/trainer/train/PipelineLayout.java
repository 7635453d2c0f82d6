package dev.braid.trainer.train;

import dev.braid.models.Architecture;
import dev.braid.models.StageSplit;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.ScheduleRequest;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import dev.braid.trainer.config.Experiment;
import java.util.List;
import java.util.Optional;

/**
 * How a run's model is cut into stages, and which rank of a pipeline works on which of them when. The same on all ranks. Immutable.
 */
public record PipelineLayout(Schedule schedule, StageSplit split) {
    public PipelineLayout {
        if (schedule.map().stages() != split.stages().size()) {
            throw new IllegalArgumentException("schedule " + schedule.name() + " has "
                    + schedule.map().stages() + " stages, the model is cut into "
                    + split.stages().size());
        }
    }

    /**
     * The pipeline of an experiment; empty when it has none.
     *
     * @param file the schedule that lies in a file, where the experiment names one
     */
    public static Optional<PipelineLayout> of(Experiment experiment, int vocabulary, Optional<Schedule> file) {
        int ranks = experiment.parallel().pipeline();
        if (ranks == 1) {
            return Optional.empty();
        }
        Schedule schedule = file.orElseGet(() -> named(experiment, ranks));
        return Optional.of(new PipelineLayout(
                schedule, split(experiment, vocabulary, schedule.map().stages())));
    }

    private static Schedule named(Experiment experiment, int ranks) {
        ScheduleName name = ScheduleName.find(experiment.pipeline().scheduleName())
                .orElseThrow(() -> new IllegalArgumentException(
                        "pipeline.schedule: the file " + experiment.pipeline().scheduleName() + " was not read"));
        ScheduleRequest request = ScheduleRequest.of(ranks, experiment.microbatches());
        return Schedules.of(
                name,
                experiment.pipeline().virtualStages().map(request::withChunks).orElse(request));
    }

    private static StageSplit split(Experiment experiment, int vocabulary, int stages) {
        return experiment
                .pipeline()
                .layers()
                .map(StageSplit::byHand)
                .orElseGet(() -> StageSplit.byCost(
                        new Architecture(
                                        experiment.model(),
                                        vocabulary,
                                        experiment.precision().computeType(),
                                        1,
                                        0)
                                .costs(experiment.sequence()),
                        stages));
    }

    /** In how many groups the gradients of a step's micro-batches add up by themselves before they are added to each other. */
    public static int groups(Experiment experiment) {
        return ScheduleName.find(experiment.pipeline().scheduleName())
                .map(name -> Schedules.map(name, ScheduleRequest.of(2, 1))
                        .directions()
                        .size())
                .orElse(1);
    }

    /** Names of the units of weights of each stage. */
    List<List<String>> units(boolean tied) {
        return split.units(tied);
    }
}
