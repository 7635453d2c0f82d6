package dev.braid.trainer.action;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Memory;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.spark.Neighbours;
import dev.braid.trainer.spark.RankContext;
import java.nio.file.Path;

/** What a rank of an experiment computes and communicates with. */
record RankSite(RankContext context, Experiment experiment) {
    private static final String FLIGHT_FOLDER = "flight";

    /** The rank's cores and memory. */
    Compute compute() {
        Memory memory = new Neighbours(context.members()).memory(context.rank());
        try {
            return new Compute(
                    context.cores(), experiment.engine(), "rank-" + context.rank(), KernelProviders.chosen(), memory);
        } catch (RuntimeException | Error failure) {
            memory.close();
            throw failure;
        }
    }

    /**
     * How it talks to its peers.
     *
     * @param output the run's folder, where the last operations are kept when an attempt fails
     */
    CommunicationSettings communication(Path output) {
        return experiment
                .parallel()
                .communication(context.runId(), context.attempt(), context.secret())
                .withReach(new Neighbours(context.members()).reach())
                .withFlightFolder(output.resolve(FLIGHT_FOLDER));
    }
}
