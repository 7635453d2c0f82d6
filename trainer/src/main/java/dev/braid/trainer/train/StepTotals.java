package dev.braid.trainer.train;

import dev.braid.models.StageResult;
import dev.braid.tensor.ops.ExactSum;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the ranks of a run add up once a step: losses, valid tokens, those of validation that are right, and the squared norm of the gradient, all exactly, so that
 * every layout has the same totals; and how many wish to end the run. Used by the rank's thread.
 */
final class StepTotals {
    static final int TOKEN_LIMBS = 4;
    private static final int LIMB_BITS = 16;
    private static final int SQUARES = ExactSum.INTS;
    private static final int TOKENS = 2 * ExactSum.INTS;
    private static final int CORRECT = TOKENS + TOKEN_LIMBS;
    private static final int STOPS = CORRECT + TOKEN_LIMBS;
    private static final int MODULES = STOPS + 1;

    private final int depth;
    private final ModuleTotals modules;
    private ExactSum losses = new ExactSum();
    private long validTokens;
    private long correctTokens;
    private boolean stop;
    private int[] routed = {};

    /** @param depth number of modules of multi-token prediction whose losses are counted, the same at all ranks */
    StepTotals(int depth) {
        this.depth = depth;
        this.modules = new ModuleTotals(depth);
    }

    /** Adds what the last stage made of a micro-batch, with the tokens that count there. */
    void add(StageResult result, Microbatches of, int microbatch) {
        losses.add(result.loss());
        validTokens += of.validTokens(microbatch);
        correctTokens += result.correct();
        for (int k = 0; k < depth; k++) {
            modules.add(k, result.moduleLosses().get(k), of.validTokens(microbatch, k + 1));
        }
    }

    /** Whether this rank wishes to end the run. */
    void stop(boolean wished) {
        stop = wished;
    }

    /** Takes in what this rank answers for of what the routers did, as {@link StepRouting#sums} gives it: as much at every rank. */
    void routed(int[] sums) {
        routed = sums;
    }

    /** Forgets what was added. */
    void clear() {
        losses = new ExactSum();
        modules.clear();
        validTokens = 0;
        correctTokens = 0;
    }

    /** A number as limbs that can be added up over many ranks. */
    static int[] limbs(long number) {
        int[] limbs = new int[TOKEN_LIMBS];
        Arrays.setAll(limbs, i -> (int) (number >> (LIMB_BITS * i)) & 0xFFFF);
        return limbs;
    }

    /** {@link #limbs} of several numbers. */
    static int[] limbs(List<Long> numbers) {
        return numbers.stream()
                .flatMapToInt(number -> Arrays.stream(limbs(number)))
                .toArray();
    }

    /** The numbers that added {@link #limbs} of several stand for. */
    static List<Long> numbers(int[] limbs) {
        List<Long> numbers = new ArrayList<>();
        for (int from = 0; from < limbs.length; from += TOKEN_LIMBS) {
            numbers.add(number(Arrays.copyOfRange(limbs, from, from + TOKEN_LIMBS)));
        }
        return numbers;
    }

    /** The number that added limbs stand for. */
    static long number(int[] limbs) {
        long number = 0;
        for (int i = 0; i < TOKEN_LIMBS; i++) {
            number += (long) limbs[i] << (LIMB_BITS * i);
        }
        return number;
    }

    /** Whole numbers that are to be added up over all ranks, this one having {@code squares} of its share of the gradient. */
    int[] toInts(ExactSum squares) {
        int firstRouted = MODULES + ModuleTotals.ints(depth);
        int[] all = Arrays.copyOf(losses.toInts(), firstRouted + routed.length);
        System.arraycopy(squares.toInts(), 0, all, SQUARES, ExactSum.INTS);
        System.arraycopy(limbs(validTokens), 0, all, TOKENS, TOKEN_LIMBS);
        System.arraycopy(limbs(correctTokens), 0, all, CORRECT, TOKEN_LIMBS);
        all[STOPS] = stop ? 1 : 0;
        System.arraycopy(modules.toInts(), 0, all, MODULES, firstRouted - MODULES);
        System.arraycopy(routed, 0, all, firstRouted, routed.length);
        return all;
    }

    /** The totals over all ranks, this one having {@code squares} of its share of the gradient. */
    Sum over(RankGroup ranks, ExactSum squares) {
        int[] all = toInts(squares);
        ranks.sum(all);
        return Sum.of(all, depth);
    }

    /** The totals without a gradient: for validation. */
    Sum over(RankGroup ranks) {
        return over(ranks, new ExactSum());
    }

    /** What every gradient of a step of {@code tokens} is multiplied with, so that it is that of the mean over valid ones. */
    static double correction(long tokens, long validTokens) {
        return validTokens == 0 ? 0 : (double) tokens / validTokens;
    }

    /**
     * Totals of all ranks.
     *
     * @param loss sum over valid tokens
     * @param validTokens tokens whose label counts
     * @param correctTokens those whose label has the largest logit; 0 in training
     * @param squares of the gradient
     * @param stop whether a rank wishes to end the run
     * @param moduleLosses mean loss of each module of multi-token prediction over the tokens that count for it
     * @param routed sums of what the routers did, as {@link StepLoads#read} takes them
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Sum(
            double loss,
            long validTokens,
            long correctTokens,
            ExactSum squares,
            boolean stop,
            List<Double> moduleLosses,
            int[] routed) {
        /** Reads the sums of what {@link StepTotals#toInts} gives, for so many modules. */
        static Sum of(int[] all, int depth) {
            int firstRouted = MODULES + ModuleTotals.ints(depth);
            return new Sum(
                    ExactSum.fromInts(Arrays.copyOf(all, ExactSum.INTS)).value(),
                    number(Arrays.copyOfRange(all, TOKENS, CORRECT)),
                    number(Arrays.copyOfRange(all, CORRECT, STOPS)),
                    ExactSum.fromInts(Arrays.copyOfRange(all, SQUARES, TOKENS)),
                    all[STOPS] > 0,
                    ModuleTotals.means(Arrays.copyOfRange(all, MODULES, firstRouted)),
                    Arrays.copyOfRange(all, firstRouted, all.length));
        }

        /** Mean loss of a valid token; 0 when there is none. */
        double meanLoss() {
            return validTokens == 0 ? 0 : loss / validTokens;
        }

        /** Part of the valid tokens that is right; 0 when there is none. */
        double accuracy() {
            return validTokens == 0 ? 0 : (double) correctTokens / validTokens;
        }
    }
}
