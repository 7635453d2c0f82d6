package dev.braid.trainer.train;

import dev.braid.tensor.ops.ExactSum;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What the ranks of a run add up once a step of the modules of multi-token prediction: losses and valid tokens of each, exactly. */
final class ModuleTotals {
    /** Whole numbers of one module. */
    private static final int INTS = ExactSum.INTS + StepTotals.TOKEN_LIMBS;

    private final ExactSum[] losses;
    private final long[] validTokens;

    /** @param depth number of modules */
    ModuleTotals(int depth) {
        losses = new ExactSum[depth];
        validTokens = new long[depth];
        clear();
    }

    /** Forgets what was added. */
    void clear() {
        Arrays.setAll(losses, k -> new ExactSum());
        Arrays.fill(validTokens, 0);
    }

    /** Adds the sum of the losses of module {@code index}, from 0, and the number of tokens that count for it. */
    void add(int index, double loss, long valid) {
        losses[index].add(loss);
        validTokens[index] += valid;
    }

    /** How many whole numbers {@code depth} modules have. */
    static int ints(int depth) {
        return depth * INTS;
    }

    /** Whole numbers that are to be added up over all ranks. */
    int[] toInts() {
        int[] all = new int[ints(losses.length)];
        for (int k = 0; k < losses.length; k++) {
            System.arraycopy(losses[k].toInts(), 0, all, k * INTS, ExactSum.INTS);
            System.arraycopy(
                    StepTotals.limbs(validTokens[k]), 0, all, k * INTS + ExactSum.INTS, StepTotals.TOKEN_LIMBS);
        }
        return all;
    }

    /** The mean loss of each, of the sums of {@link #toInts}; 0 where no token counts. */
    static List<Double> means(int[] all) {
        List<Double> means = new ArrayList<>();
        for (int from = 0; from < all.length; from += INTS) {
            int tokens = from + ExactSum.INTS;
            long valid = StepTotals.number(Arrays.copyOfRange(all, tokens, from + INTS));
            double loss =
                    ExactSum.fromInts(Arrays.copyOfRange(all, from, tokens)).value();
            means.add(valid == 0 ? 0 : loss / valid);
        }
        return means;
    }
}
