package dev.braid.parallelism.tensor;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.TensorAxis;

/**
 * The tensor axis over a process group, whose order of ranks it has. Its sums are the group's: canonical unless another algorithm
 * was asked for.
 */
public final class GroupTensorAxis implements TensorAxis {
    private static final String AXIS = "tensor";

    private final Communicator group;
    private final ExposedTime exposed;

    /**
     * The ranks of {@code group}; nobody else starts operations on it.
     *
     * @param exposed where waiting is counted, on account of {@code tensor}
     */
    public GroupTensorAxis(Communicator group, ExposedTime exposed) {
        this.group = group;
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
    public Transfer gather(Tensor mine, long[] counts, Tensor all) {
        return transfer(group.allGather(mine, counts, all));
    }

    @Override
    public Transfer reduceScatter(Tensor partial, long[] counts, Tensor mine) {
        return transfer(group.reduceScatter(partial, counts, mine, ReduceOp.SUM));
    }

    @Override
    public Transfer allReduce(Tensor partial) {
        return transfer(group.allReduce(partial, ReduceOp.SUM));
    }

    private Transfer transfer(Handle handle) {
        return () -> exposed.await(AXIS, handle);
    }
}
