package dev.braid.models;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.ExpertAxis;
import dev.braid.tensor.parameters.TensorAxis;

/** The first of some ranks with different experts that are not there: counts what it would send to the others. */
final class RehearsedExperts implements ExpertAxis {
    private final int ranks;
    private long bytes;

    RehearsedExperts(int ranks) {
        this.ranks = ranks;
    }

    @Override
    public int ranks() {
        return ranks;
    }

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public TensorAxis.Transfer exchange(Tensor sent, long[] sentCounts, Tensor received, long[] receivedCounts) {
        for (int rank = 1; rank < ranks; rank++) {
            bytes += sentCounts[rank] * sent.dtype().bytes();
        }
        return TensorAxis.Transfer.DONE;
    }

    /** Bytes since the last call. */
    long take() {
        long taken = bytes;
        bytes = 0;
        return taken;
    }
}
