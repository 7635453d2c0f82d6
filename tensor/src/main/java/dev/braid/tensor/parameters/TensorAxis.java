package dev.braid.tensor.parameters;

import dev.braid.tensor.Tensor;

/**
 * The ranks that divide matrices among them (tensor parallelism), seen from one of them. Between the divided products they also
 * divide the tokens (sequence parallelism): {@code n} rows as evenly as can be, the first ranks having one more.
 *
 * <p>All ranks call the same methods in the same order with tensors of the same dtype and of counts that fit. Sums are
 * {@code ((x0 + x1) + x2) + ...} in the order of ranks, added in f32 and rounded once to the dtype. Used by the rank's thread.
 */
public interface TensorAxis {
    /**
     * A collective in flight. Until {@link #await} has returned, its inputs must not be written and its outputs not be read, and
     * the caller keeps its references to both.
     */
    @FunctionalInterface
    interface Transfer {
        /** Nothing to wait for. */
        Transfer DONE = () -> {};

        /** Returns once the outputs are there and the inputs are the caller's again; throws when a rank has failed. */
        void await();
    }

    /** One rank alone. */
    TensorAxis SINGLE = new TensorAxis() {
        @Override
        public int ranks() {
            return 1;
        }

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public Transfer gather(Tensor mine, long[] counts, Tensor all) {
            all.copyFrom(mine);
            return Transfer.DONE;
        }

        @Override
        public Transfer reduceScatter(Tensor partial, long[] counts, Tensor mine) {
            mine.copyFrom(partial);
            return Transfer.DONE;
        }

        @Override
        public Transfer allReduce(Tensor partial) {
            return Transfer.DONE;
        }
    };

    /** Number of ranks. */
    int ranks();

    /** This one's place. */
    int rank();

    /**
     * Puts the tensors of all ranks one after the other into {@code all}.
     *
     * @param counts {@code counts[r]} elements come from rank {@code r}
     * @param all must not overlap {@code mine}
     */
    Transfer gather(Tensor mine, long[] counts, Tensor all);

    /**
     * Adds up {@code partial} of all ranks and leaves this rank's slice of the sum in {@code mine}.
     *
     * @param counts {@code counts[r]} elements of the sum go to rank {@code r}
     * @param mine must not overlap {@code partial}
     */
    Transfer reduceScatter(Tensor partial, long[] counts, Tensor mine);

    /** Replaces {@code partial} by its sum over all ranks. */
    Transfer allReduce(Tensor partial);

    /** As {@link #gather(Tensor, long[], Tensor)}: this rank's rows {@code mine} [own, columns] into {@code all} [n, columns]. */
    default Transfer gatherRows(Tensor mine, Tensor all) {
        return gather(mine, rowCounts(all), all);
    }

    /**
     * As {@link #reduceScatter(Tensor, long[], Tensor)}: of the sum of {@code partial} [n, columns], this rank's rows go to
     * {@code mine} [own, columns].
     */
    default Transfer reduceScatterRows(Tensor partial, Tensor mine) {
        return reduceScatter(partial, rowCounts(partial), mine);
    }

    /** Elements that each rank has of the rows of {@code whole}. */
    private long[] rowCounts(Tensor whole) {
        long[] counts = shares(whole.shape().rows());
        for (int rank = 0; rank < counts.length; rank++) {
            counts[rank] *= whole.shape().columns();
        }
        return counts;
    }

    /** How {@code count} rows are divided, tokens as well as rows of a matrix: evenly, the first ranks having one more. */
    default long[] shares(long count) {
        long[] shares = new long[ranks()];
        for (int rank = 0; rank < shares.length; rank++) {
            shares[rank] = count / shares.length + (rank < count % shares.length ? 1 : 0);
        }
        return shares;
    }

    /** This rank's share of {@code count} rows. */
    default long share(long count) {
        return shares(count)[rank()];
    }
}
