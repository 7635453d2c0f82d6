package dev.braid.parallelism.tensor;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.TensorAxis;

/**
 * The tensor axis over a process group, whose order of ranks it has. Its sums are the group's: canonical unless another algorithm
 * was asked for.
 */
public final class GroupTensorAxis implements TensorAxis {
    private final Communicator group;
    private long exposedNanos;

    /** The ranks of {@code group}; nobody else starts operations on it. */
    public GroupTensorAxis(Communicator group) {
        this.group = group;
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

    /** Counts the time for which the handle is waited for. */
    Transfer transfer(Handle handle) {
        return () -> {
            long before = handle.exposedNanos();
            handle.await();
            exposedNanos += handle.exposedNanos() - before;
        };
    }

    @Override
    public long exposedNanos() {
        return exposedNanos;
    }
}
