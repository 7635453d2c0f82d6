package dev.braid.trainer.train;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.control.RankAddressCodec;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.mesh.RankGroups;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Memory;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;

/**
 * One rank's connection to all others of its attempt, from the exchange of addresses to the end. Used by one thread; close it
 * before the memory.
 */
public final class RankWorld implements AutoCloseable {
    private final Fabric fabric;
    private final RankGroups groups;

    private RankWorld(Fabric fabric, RankGroups groups) {
        this.fabric = fabric;
        this.groups = groups;
    }

    /**
     * Joins the ranks of {@code mesh}; all of them must do so. A mesh of one rank needs no exchange.
     *
     * @param rank this rank in the world
     * @param memory of this rank, from which peers may read in place
     * @param allGather exchanges a line of text with all ranks: takes this rank's, returns those of all in rank order
     * @throws IllegalStateException when the transports can't be opened
     */
    public static RankWorld join(
            int rank,
            Mesh mesh,
            Memory memory,
            CommunicationSettings settings,
            Function<String, List<String>> allGather) {
        try (Endpoint endpoint = Endpoint.open(rank, mesh.ranks(), memory, settings)) {
            RankAddress mine = endpoint.address();
            List<RankAddress> all = mesh.ranks() == 1
                    ? List.of(mine)
                    : allGather.apply(RankAddressCodec.encode(mine)).stream()
                            .map(RankAddressCodec::decode)
                            .toList();
            Fabric fabric = endpoint.join(all);
            return new RankWorld(fabric, new RankGroups(mesh, fabric));
        }
    }

    /** The groups of this rank. */
    public RankGroups groups() {
        return groups;
    }

    /**
     * Runs this rank's program. When it fails, so does the attempt at all ranks, which would else wait for this one until a
     * deadline.
     *
     * @return what it returns
     */
    public <T> T run(Callable<T> program) throws Exception {
        try {
            return program.call();
        } catch (Throwable failure) {
            String message = failure.getMessage() == null ? "" : ": " + failure.getMessage();
            fabric.abort(
                    "rank " + fabric.rank() + " failed: " + failure.getClass().getSimpleName() + message);
            throw failure;
        }
    }

    /** Leaves, after all have come to this point when the attempt is well. */
    @Override
    public void close() {
        fabric.close();
    }
}
