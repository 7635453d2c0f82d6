package dev.braid.trainer.train;

import dev.braid.tensor.ops.ExactSum;
import java.util.Arrays;

/**
 * What the ranks of a run add up once a step: losses, valid tokens and the squared norm of the gradient, all exactly, so that
 * every layout has the same totals. Used by the rank's thread.
 */
final class StepTotals {
    private static final int TOKEN_LIMBS = 4;
    private static final int LIMB_BITS = 16;

    private ExactSum losses = new ExactSum();
    private long validTokens;

    /** Adds the sum of a micro-batch's losses and the number of its valid tokens. */
    void add(double loss, long valid) {
        losses.add(loss);
        validTokens += valid;
    }

    /** Forgets what was added. */
    void clear() {
        losses = new ExactSum();
        validTokens = 0;
    }

    /** The totals over all ranks, this one having {@code squares} of its share of the gradient. */
    Sum over(RankGroup ranks, ExactSum squares) {
        int[] tokens = new int[TOKEN_LIMBS];
        for (int i = 0; i < TOKEN_LIMBS; i++) {
            tokens[i] = (int) (validTokens >> (LIMB_BITS * i)) & 0xFFFF;
        }
        int[] lossLimbs = losses.toInts();
        int[] squareLimbs = squares.toInts();
        int[] all = Arrays.copyOf(lossLimbs, 2 * ExactSum.INTS + TOKEN_LIMBS);
        System.arraycopy(squareLimbs, 0, all, ExactSum.INTS, ExactSum.INTS);
        System.arraycopy(tokens, 0, all, 2 * ExactSum.INTS, TOKEN_LIMBS);
        ranks.sum(all);
        long valid = 0;
        for (int i = 0; i < TOKEN_LIMBS; i++) {
            valid += (long) all[2 * ExactSum.INTS + i] << (LIMB_BITS * i);
        }
        return new Sum(
                ExactSum.fromInts(Arrays.copyOf(all, ExactSum.INTS)).value(),
                valid,
                ExactSum.fromInts(Arrays.copyOfRange(all, ExactSum.INTS, 2 * ExactSum.INTS)));
    }

    /** The totals without a gradient: for validation. */
    Sum over(RankGroup ranks) {
        return over(ranks, new ExactSum());
    }

    /**
     * Totals of all ranks.
     *
     * @param loss sum over valid tokens
     * @param validTokens tokens whose label counts
     * @param squares of the gradient
     */
    record Sum(double loss, long validTokens, ExactSum squares) {
        /** Mean loss of a valid token; 0 when there is none. */
        double meanLoss() {
            return validTokens == 0 ? 0 : loss / validTokens;
        }
    }
}
