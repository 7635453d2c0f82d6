package dev.braid.models;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.TensorAxis;

/** The first of some ranks that are not there: counts what they would exchange. */
final class RehearsedAxis implements TensorAxis {
    private final int ranks;
    private long bytes;

    RehearsedAxis(int ranks) {
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
    public Transfer gather(Tensor mine, long[] counts, Tensor all) {
        bytes += all.bytes();
        return Transfer.DONE;
    }

    @Override
    public Transfer reduceScatter(Tensor partial, long[] counts, Tensor mine) {
        bytes += partial.bytes();
        return Transfer.DONE;
    }

    @Override
    public Transfer allReduce(Tensor partial) {
        bytes += 2 * partial.bytes();
        return Transfer.DONE;
    }

    /** Bytes since the last call, of all rows. */
    long take() {
        long taken = bytes;
        bytes = 0;
        return taken;
    }
}
