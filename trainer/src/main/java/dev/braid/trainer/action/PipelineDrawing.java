package dev.braid.trainer.action;

import dev.braid.parallelism.pipeline.MeasuredStep;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.schedules.ScheduleText;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.plan.PipelinePlan;
import dev.braid.trainer.plan.PlanInput;
import dev.braid.trainer.report.ScheduleChart;
import dev.braid.trainer.train.PipelineLayout;
import dev.braid.trainer.train.TrainingEvent;
import java.util.List;
import java.util.Optional;

/**
 * A step of a run's pipeline as a drawing for its report.
 *
 * @param schedule the text of a file's schedule, or nothing
 */
record PipelineDrawing(Experiment experiment, String schedule) {
    /**
     * A traced step below its simulation, or where none was traced, a step in estimated times; empty where there is no pipeline or
     * the size of the vocabulary is not known here.
     */
    Optional<String> draw(Optional<TrainingEvent.Pipelined> traced) {
        if (experiment.parallel().pipeline() == 1 || experiment.vocabulary().isEmpty()) {
            return Optional.empty();
        }
        int vocabulary = experiment.vocabulary().getAsInt();
        Optional<Schedule> file =
                Optional.of(schedule).filter(text -> !text.isEmpty()).map(ScheduleText::parse);
        return PipelineLayout.of(experiment, vocabulary, file)
                .map(layout -> traced.map(
                                step -> ScheduleChart.of(MeasuredStep.decode(layout.schedule(), step.ranks()), 0))
                        .orElseGet(() -> estimated(layout, vocabulary)));
    }

    private String estimated(PipelineLayout layout, int vocabulary) {
        PipelinePlan plan = PipelinePlan.of(
                PlanInput.of(experiment, vocabulary, 1),
                layout.schedule(),
                layout.split(),
                experiment.pipeline().stepsOptimistically());
        return ScheduleChart.draw(
                "schedule " + plan.schedule().name() + " in estimated FLOP",
                plan.schedule(),
                List.of(new ScheduleChart.Band("estimated", plan.simulation().ranks())));
    }
}
