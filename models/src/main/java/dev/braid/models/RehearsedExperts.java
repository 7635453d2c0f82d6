package dev.braid.models;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.ExpertAxis;
import dev.braid.tensor.parameters.ExpertHosts;
import dev.braid.tensor.parameters.TensorAxis;

/** The first of some ranks with different experts that are not there: counts what it would send to the others. */
final class RehearsedExperts implements ExpertAxis {
    /** Bytes to other ranks, and of these the ones to other hosts. */
    record Sent(long all, long across) {}

    private final ExpertHosts hosts;
    private long bytes;
    private long across;

    RehearsedExperts(ExpertHosts hosts) {
        this.hosts = hosts;
    }

    @Override
    public int ranks() {
        return hosts.ranks();
    }

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public ExpertHosts hosts() {
        return hosts;
    }

    @Override
    public TensorAxis.Transfer exchange(Tensor sent, long[] sentCounts, Tensor received, long[] receivedCounts) {
        for (int rank = 1; rank < ranks(); rank++) {
            long size = sentCounts[rank] * sent.dtype().bytes();
            bytes += size;
            across += hosts.host(rank) == hosts.host(0) ? 0 : size;
        }
        return TensorAxis.Transfer.DONE;
    }

    /** What was sent since the last call. */
    Sent take() {
        Sent taken = new Sent(bytes, across);
        bytes = 0;
        across = 0;
        return taken;
    }
}
