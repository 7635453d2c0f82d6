package dev.braid.trainer.train;

import dev.braid.models.StageSplit;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.ScheduleRequest;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.config.PipelineConfig;
import dev.braid.trainer.plan.EstimatedSchedule;
import dev.braid.trainer.plan.PlanInput;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

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
     * The pipeline of an experiment; empty when it has none. The same for the same experiment and vocabulary, on any machine.
     *
     * @param file the schedule that lies in a file, where the experiment names one
     * @throws IllegalArgumentException when {@code pipeline.memory_limit} is too small for any order
     */
    public static Optional<PipelineLayout> of(Experiment experiment, int vocabulary, Optional<Schedule> file) {
        return of(experiment, vocabulary, file, experiment.pipeline().memoryLimitBytes());
    }

    /**
     * The pipeline that an experiment has with another limit.
     *
     * @param limit bytes that a rank may use, in place of {@code pipeline.memory_limit}
     * @throws IllegalArgumentException when it is too small for any order
     */
    public static Optional<PipelineLayout> of(
            Experiment experiment, int vocabulary, Optional<Schedule> file, OptionalLong limit) {
        if (experiment.parallel().pipeline() == 1) {
            return Optional.empty();
        }
        PipelineConfig config = experiment.pipeline();
        // Schedules are made for one core, so that ranks on machines of any size agree on them.
        PlanInput input = PlanInput.of(experiment, vocabulary, 1);
        EstimatedSchedule made = file.map(schedule -> EstimatedSchedule.of(input, schedule, config.layers()))
                .orElseGet(() -> named(config, input, limit));
        return Optional.of(new PipelineLayout(made.schedule(), made.split()));
    }

    private static EstimatedSchedule named(PipelineConfig config, PlanInput input, OptionalLong limit) {
        ScheduleName name = ScheduleName.find(config.scheduleName())
                .orElseThrow(() -> new IllegalArgumentException(
                        "pipeline.schedule: the file " + config.scheduleName() + " was not read"));
        OptionalInt chunks = config.virtualStages().map(OptionalInt::of).orElse(OptionalInt.empty());
        return EstimatedSchedule.of(input, name, chunks, config.layers(), limit, config.stepsOptimistically());
    }

    /** In how many groups the gradients of a step's micro-batches add up by themselves before they are added to each other. */
    public static int groups(Experiment experiment) {
        return ScheduleName.find(experiment.pipeline().scheduleName())
                .map(name -> Schedules.map(name, ScheduleRequest.of(2, 1))
                        .directions()
                        .size())
                .orElse(1);
    }
}
