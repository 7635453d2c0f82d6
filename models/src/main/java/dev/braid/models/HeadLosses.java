package dev.braid.models;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.HeadLoss;
import dev.braid.tensor.autograd.LogitTransform;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;

/** The loss of the next token and those of the tokens further ahead, through one head. */
final class HeadLosses {
    private HeadLosses() {}

    /**
     * Starts backward from all of them.
     *
     * @param normed [tokens, dim] after the last norm
     * @param ahead the same of each module of multi-token prediction
     * @return the unscaled sum of each over its valid tokens, the main one first
     */
    static List<Double> of(
            Tape tape,
            Variable normed,
            List<Variable> ahead,
            Weight head,
            Batch batch,
            LossScales scales,
            LogitTransform transform) {
        List<HeadLoss.Target> targets = new ArrayList<>();
        List<Tensor> shifted = new ArrayList<>();
        targets.add(new HeadLoss.Target(normed, batch.labels(), scales.main()));
        for (int k = 1; k <= ahead.size(); k++) {
            Tensor labels = FutureTokens.labels(tape.compute(), batch, k);
            shifted.add(labels);
            targets.add(new HeadLoss.Target(
                    ahead.get(k - 1), labels, scales.modules().get(k - 1)));
        }
        try {
            return HeadLoss.of(tape, targets, head, 0, transform);
        } finally {
            shifted.forEach(Tensor::release);
        }
    }
}
