package dev.braid.parallelism.sharding;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Gradients that are being reduced, while backward goes on. All ranks put the same units in, in the same order; each proceeds
 * when this rank comes by, but never past the one before it, so that the operations of every process group start in the same
 * order on all ranks. Used by the rank's thread.
 */
final class ReductionQueue {
    private final Deque<Reduction> reductions = new ArrayDeque<>();

    void add(Reduction reduction) {
        reductions.add(reduction);
        advance();
    }

    int size() {
        return reductions.size();
    }

    /** Lets all proceed that can without waiting. */
    void advance() {
        int most = Integer.MAX_VALUE;
        for (Reduction reduction : reductions) {
            while (!reduction.ended() && reduction.stage() < most && reduction.ready()) {
                reduction.proceed();
            }
            most = reduction.stage();
        }
        while (!reductions.isEmpty() && reductions.getFirst().ended()) {
            reductions.removeFirst();
        }
    }

    /** Waits until at most {@code left} are not complete. */
    void await(int left) {
        advance();
        while (reductions.size() > left) {
            // The oldest one holds up the others at most by one step: they follow as it goes on.
            reductions.getFirst().proceed();
            advance();
        }
    }
}
