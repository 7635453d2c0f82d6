package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.data.DataLocation;
import dev.braid.data.PreparedData;
import dev.braid.tensor.Compute;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.spark.RankContext;
import dev.braid.trainer.spark.RankProgram;
import dev.braid.trainer.train.RankGroup;
import dev.braid.trainer.train.TrainingEvent;
import dev.braid.trainer.train.TrainingRun;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/**
 * What every rank of a training run does; travels to the executors.
 *
 * @param yaml the resolved experiment
 * @param output absolute path of the run's folder
 * @param data where the prepared data lies
 */
record TrainingProgram(String yaml, String output, DataLocation data) implements RankProgram {
    @Override
    public String run(RankContext context) throws Exception {
        Experiment experiment = Experiment.parse("config.yaml", yaml, List.of());
        try (PreparedData prepared = PreparedData.open(data, new Configuration());
                Compute compute = new Compute(context.cores(), experiment.engine(), "rank-" + context.rank())) {
            TrainingRun run = new TrainingRun(
                    experiment,
                    Path.of(output),
                    new PreparedTrainingData(prepared, experiment.seed()),
                    compute,
                    RankGroup.ALONE,
                    event -> context.emit(event.toJson()),
                    () -> stopRequested(context));
            TrainingEvent.Ended ended = run.run();
            return new ObjectMapper().writeValueAsString(ended);
        }
    }

    private static boolean stopRequested(RankContext context) {
        if (context.cancelled()) {
            throw new IllegalStateException("Spark has cancelled the run");
        }
        return context.stopRequested();
    }
}
