package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;

/** The largest scores of a token; of equal ones that with the lower index. What is no number comes last. */
final class TopK {
    /** Tokens of one task. */
    private static final int ROWS = 64;

    private TopK() {}

    /** Work on tokens {@code from} until {@code to}. */
    @FunctionalInterface
    interface Body {
        void run(int from, int to);
    }

    /** Runs {@code body} over all tokens, on all cores. */
    static void blocks(Compute compute, int tokens, Body body) {
        compute.workers()
                .run(Math.ceilDiv(tokens, ROWS), block -> body.run(block * ROWS, Math.min(tokens, (block + 1) * ROWS)));
    }

    /**
     * Sets {@code best} to the indices of the largest scores, the largest first. One pass that keeps the best so far in order: a later
     * score moves in only where it is larger.
     *
     * @param scores at least as many as are wanted; NaN among them becomes negative infinity
     */
    static void choose(float[] scores, int[] best) {
        int taken = 0;
        float least = Float.NEGATIVE_INFINITY;
        for (int e = 0; e < scores.length; e++) {
            if (Float.isNaN(scores[e])) {
                scores[e] = Float.NEGATIVE_INFINITY;
            }
            float score = scores[e];
            if (taken == best.length && !(score > least)) {
                continue;
            }
            int at = taken < best.length ? taken++ : taken - 1;
            while (at > 0 && score > scores[best[at - 1]]) {
                best[at] = best[at - 1];
                at--;
            }
            best[at] = e;
            least = scores[best[taken - 1]];
        }
    }

    /** Addresses of the rows of a routing pass. */
    record Rows(long biasAt, long expertsAt, long weightsAt, long probabilitiesAt, int experts, int slots) {
        long probabilities(long row) {
            return probabilitiesAt + row * experts * Float.BYTES;
        }

        long experts(long row) {
            return expertsAt + row * slots * Integer.BYTES;
        }

        long weights(long row) {
            return weightsAt + row * slots * Float.BYTES;
        }

        /** Sets the experts of a token. */
        void setExperts(long row, int[] chosen) {
            for (int k = 0; k < chosen.length; k++) {
                Addresses.setInt(experts(row), k, chosen[k]);
            }
        }

        /** Sets {@code probabilities} to those of a token. */
        void readProbabilities(long row, float[] probabilities) {
            read(probabilities(row), probabilities);
        }

        /** Sets {@code scores} to {@code values} plus, where there is one, the bias. */
        void biased(float[] values, float[] scores) {
            for (int e = 0; e < experts; e++) {
                scores[e] = values[e] + (biasAt == 0 ? 0 : Addresses.getFloat(biasAt, e));
            }
        }
    }

    static Rows rows(Router.Inputs inputs, Selection selection) {
        return new Rows(
                inputs.bias().map(Tensor::address).orElse(0L),
                selection.experts().address(),
                selection.weights().address(),
                selection.probabilities().address(),
                inputs.experts(),
                Math.toIntExact(selection.experts().shape().columns()));
    }

    /** Sets {@code values} to the F32 numbers from {@code address}. */
    static void read(long address, float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = Addresses.getFloat(address, i);
        }
    }

    /** The address of row {@code row} of a matrix of {@code columns} F32 numbers. */
    static long row(long address, long row, int columns) {
        return address + row * columns * Float.BYTES;
    }
}
