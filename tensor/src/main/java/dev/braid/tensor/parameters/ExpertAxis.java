package dev.braid.tensor.parameters;

import dev.braid.tensor.Tensor;

/**
 * The ranks that hold different experts of a mixture, seen from one of them: they work on different tokens and send each other the
 * rows of those that go to their experts. All of them must make the same calls in the same order, those without a row too. Used by
 * one thread.
 */
public interface ExpertAxis {
    /** One rank with all experts. */
    ExpertAxis SINGLE = new ExpertAxis() {
        @Override
        public int ranks() {
            return 1;
        }

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public TensorAxis.Transfer exchange(Tensor sent, long[] sentCounts, Tensor received, long[] receivedCounts) {
            received.copyFrom(sent);
            return TensorAxis.Transfer.DONE;
        }
    };

    /** Number of ranks. */
    int ranks();

    /** This one's place. */
    int rank();

    /** Which of the ranks share a host; all of them unless told otherwise. */
    default ExpertHosts hosts() {
        return ExpertHosts.one(ranks());
    }

    /**
     * Sends slice r of {@code sent} to rank r, and receives its slice for this rank. Both tensors are the transfer's until it is
     * done.
     *
     * @param sentCounts elements of each slice; those for this rank too
     * @param received the slices of all ranks one after the other; must not overlap {@code sent}
     * @param receivedCounts elements of each: what the others send here
     */
    TensorAxis.Transfer exchange(Tensor sent, long[] sentCounts, Tensor received, long[] receivedCounts);
}
