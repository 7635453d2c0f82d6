package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.schedules.ScheduleText;
import dev.braid.tensor.Compute;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.spark.RankContext;
import dev.braid.trainer.spark.RankProgram;
import dev.braid.trainer.train.MeshRanks;
import dev.braid.trainer.train.PipelineLayout;
import dev.braid.trainer.train.RankGroup;
import dev.braid.trainer.train.RankWorld;
import dev.braid.trainer.train.TrainingData;
import dev.braid.trainer.train.TrainingEvent;
import dev.braid.trainer.train.TrainingRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/**
 * What every rank of a training run does; travels to the executors.
 *
 * @param yaml the resolved experiment
 * @param output absolute path of the run's folder
 * @param data address of the folder of prepared text; empty for data that every rank generates itself
 * @param schedule text of the pipeline's schedule where that lies in a file; else empty
 */
record TrainingProgram(String yaml, String output, String data, String schedule) implements RankProgram {
    @Override
    public String run(RankContext context) throws Exception {
        Experiment experiment = Experiment.parse("config.yaml", yaml, List.of());
        RankSite site = new RankSite(context, experiment);
        if (context.rank() == 0) {
            context.placement().warnings().forEach(warning -> context.emit(new TrainingEvent.Note(warning).toJson()));
        }
        try (RunData opened = DataStage.open(experiment, data);
                Compute compute = site.compute()) {
            TrainingData samples = opened.training(experiment.seed());
            if (context.ranks() == 1) {
                return train(context, experiment, samples, compute, RankGroup.ALONE);
            }
            Optional<PipelineLayout> stages = PipelineLayout.of(experiment, samples.vocabulary(), scheduleOfFile());
            if (experiment.pipeline().stepsOptimistically()) {
                site.requireRoomToUndo(stages.orElseThrow(), samples.vocabulary());
            }
            try (RankWorld world = RankWorld.join(
                    context.rank(),
                    context.mesh(),
                    compute.memory(),
                    site.communication(Path.of(output)),
                    context::allGather)) {
                return world.run(() -> train(
                        context,
                        experiment,
                        samples,
                        compute,
                        new MeshRanks(
                                world.groups(),
                                experiment.parallel().sharding(),
                                context.placement().hosts(),
                                stages,
                                compute.memory(),
                                new ExposedTime())));
            }
        }
    }

    private Optional<Schedule> scheduleOfFile() {
        return Optional.of(schedule).filter(text -> !text.isEmpty()).map(ScheduleText::parse);
    }

    private String train(
            RankContext context, Experiment experiment, TrainingData samples, Compute compute, RankGroup ranks)
            throws IOException {
        TrainingRun run = new TrainingRun(
                experiment,
                Path.of(output),
                samples,
                compute,
                ranks,
                event -> context.emit(event.toJson()),
                () -> stopRequested(context));
        TrainingEvent.Ended ended = run.run();
        return new ObjectMapper().writeValueAsString(ended);
    }

    private static boolean stopRequested(RankContext context) {
        if (context.cancelled()) {
            throw new CancellationException("Spark has cancelled the run");
        }
        return context.stopRequested();
    }
}
