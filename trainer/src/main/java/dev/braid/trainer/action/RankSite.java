package dev.braid.trainer.action;

import com.sun.management.OperatingSystemMXBean;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Reach;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Memory;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.spark.Neighbours;
import dev.braid.trainer.spark.RankContext;
import dev.braid.trainer.train.PipelineLayout;
import dev.braid.trainer.train.RoomToUndo;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** What a rank of an experiment computes and communicates with. */
record RankSite(RankContext context, Experiment experiment) {
    private static final String FLIGHT_FOLDER = "flight";

    /** The rank's cores and memory. */
    Compute compute() {
        Memory memory = neighbours().memory(context.rank());
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
     * @throws IllegalArgumentException when the transport that the user asked for does not reach all ranks
     */
    CommunicationSettings communication(Path output) {
        Reach reach = neighbours().reach();
        String transport = experiment.parallel().transport().orElse("auto");
        if (transport.equals("shared") && reach != Reach.PROCESS) {
            throw new IllegalArgumentException(
                    "parallel.transport: is shared, which joins ranks of one JVM, but these are"
                            + " in several executors; write auto, or remove the key");
        }
        if (transport.equals("ipc") && reach == Reach.NETWORK) {
            throw new IllegalArgumentException(
                    "parallel.transport: is ipc, which joins ranks of one host, but these are on "
                            + String.join(", ", hosts()) + "; write auto, or remove the key");
        }
        return experiment
                .parallel()
                .communication(context.runId(), context.attempt(), context.secret())
                .withReach(reach)
                .withFlightFolder(output.resolve(FLIGHT_FOLDER));
    }

    private String[] hosts() {
        return context.members().stream()
                .map(member -> member.host())
                .distinct()
                .limit(4)
                .toArray(String[]::new);
    }

    /**
     * Looks whether this host has the memory that undoing optimistic steps takes.
     *
     * @throws IllegalArgumentException when it has not, with the figures
     */
    void requireRoomToUndo(PipelineLayout layout, int vocabulary) {
        List<String> all = context.placement().hosts();
        String mine = all.get(context.rank());
        List<Integer> places = IntStream.range(0, all.size())
                .filter(rank -> all.get(rank).equals(mine))
                .mapToObj(rank -> context.mesh().coordinate(rank).pipeline())
                .toList();
        // The limit is that of the schedule, which is made for one core; the machine holds the scratch of all.
        RoomToUndo.of(experiment, vocabulary, layout, 1).requireWithinLimit();
        RoomToUndo.of(experiment, vocabulary, layout, context.cores()).requireOnHost(mine, places, hostBytes());
    }

    /** What the machine, or the container that the rank runs in, has. */
    private static long hostBytes() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
    }

    private Neighbours neighbours() {
        return new Neighbours(context.members());
    }
}
