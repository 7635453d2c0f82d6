package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;

/** The largest scores of a token; of equal ones that with the lower index. */
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

    /** Puts the indices of the {@code count} largest scores, the largest first, at {@code experts}, I32 [count]. */
    static void choose(float[] scores, int count, long experts) {
        for (int k = 0; k < count; k++) {
            int best = -1;
            for (int e = 0; e < scores.length; e++) {
                if (!taken(experts, k, e) && (best < 0 || scores[e] > scores[best])) {
                    best = e;
                }
            }
            Addresses.setInt(experts, k, best);
        }
    }

    private static boolean taken(long experts, int count, int expert) {
        for (int k = 0; k < count; k++) {
            if (Addresses.getInt(experts, k) == expert) {
                return true;
            }
        }
        return false;
    }

    /** Addresses of the rows of a routing pass. */
    record Rows(
            long logitsAt, long biasAt, long expertsAt, long weightsAt, long probabilitiesAt, int experts, int slots) {
        long logits(long row) {
            return logitsAt + row * experts * Float.BYTES;
        }

        long probabilities(long row) {
            return probabilitiesAt + row * experts * Float.BYTES;
        }

        long experts(long row) {
            return expertsAt + row * slots * Integer.BYTES;
        }

        long weights(long row) {
            return weightsAt + row * slots * Float.BYTES;
        }

        /** Sets {@code scores} to the values at {@code values} and, where there is one, the bias. */
        void biased(long values, float[] scores) {
            for (int e = 0; e < experts; e++) {
                scores[e] = Addresses.getFloat(values, e) + (biasAt == 0 ? 0 : Addresses.getFloat(biasAt, e));
            }
        }
    }

    static Rows rows(Router.Inputs inputs, Selection selection) {
        return new Rows(
                inputs.logits().address(),
                inputs.bias().map(Tensor::address).orElse(0L),
                selection.experts().address(),
                selection.weights().address(),
                selection.probabilities().address(),
                inputs.experts(),
                Math.toIntExact(selection.experts().shape().columns()));
    }
}
