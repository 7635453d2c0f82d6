package dev.braid.trainer.action;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Reach;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Memory;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.spark.RankContext;
import dev.braid.trainer.spark.RankMember;
import java.nio.file.Path;

/** What a rank needs that depends on where its peers are: its memory and the reach of its transports. */
record RankSite(RankContext context) {
    private static final String FLIGHT_FOLDER = "flight";

    /** How far apart the ranks are; the same at all of them. */
    Reach reach() {
        RankMember first = context.members().getFirst();
        if (context.members().stream().allMatch(first::sharesProcess)) {
            return Reach.PROCESS;
        }
        return context.members().stream().allMatch(first::sharesHost) ? Reach.HOST : Reach.NETWORK;
    }

    /** Whether a rank in another JVM of this host may want to read this one's tensors in place. */
    boolean hasNeighbours() {
        RankMember me = context.members().get(context.rank());
        return context.members().stream().anyMatch(other -> me.sharesHost(other) && !me.sharesProcess(other));
    }

    /** The rank's cores and memory. */
    Compute compute(Experiment experiment) {
        Memory memory = hasNeighbours() ? Memory.shared() : new Memory();
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
    CommunicationSettings communication(Experiment experiment, Path output) {
        return experiment
                .parallel()
                .communication(context.runId(), context.attempt(), context.secret())
                .withReach(reach())
                .withFlightFolder(output.resolve(FLIGHT_FOLDER));
    }
}
