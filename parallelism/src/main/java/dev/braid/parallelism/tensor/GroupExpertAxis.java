package dev.braid.parallelism.tensor;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Handle;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.ExpertAxis;
import dev.braid.tensor.parameters.ExpertHosts;
import dev.braid.tensor.parameters.TensorAxis;

/** The expert axis over a process group, whose order of ranks it has. */
public final class GroupExpertAxis implements ExpertAxis {
    private static final String AXIS = "expert";

    private final Communicator group;
    private final ExpertHosts hosts;
    private final ExposedTime exposed;

    /** Ranks that are all on one host. */
    public GroupExpertAxis(Communicator group, ExposedTime exposed) {
        this(group, ExpertHosts.one(group.size()), exposed);
    }

    /**
     * The ranks of {@code group}; nobody else starts operations on it.
     *
     * @param hosts of these ranks, in the order of the group; the same for all of them
     * @param exposed where waiting is counted, on account of {@code expert}
     */
    public GroupExpertAxis(Communicator group, ExpertHosts hosts, ExposedTime exposed) {
        if (hosts.ranks() != group.size()) {
            throw new IllegalArgumentException("hosts of " + hosts.ranks() + " ranks for the " + group.size()
                    + " of group " + group.name() + ": give the host of each rank of the group, in its order");
        }
        this.group = group;
        this.hosts = hosts;
        this.exposed = exposed;
    }

    @Override
    public int ranks() {
        return group.size();
    }

    @Override
    public int rank() {
        return group.rank();
    }

    @Override
    public ExpertHosts hosts() {
        return hosts;
    }

    @Override
    public TensorAxis.Transfer exchange(Tensor sent, long[] sentCounts, Tensor received, long[] receivedCounts) {
        Handle handle = group.allToAll(sent, sentCounts, received, receivedCounts);
        return () -> exposed.await(AXIS, handle);
    }
}
