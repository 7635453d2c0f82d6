package dev.braid.trainer.train;

import java.util.List;

/**
 * What one optimizer step came to.
 *
 * @param loss mean cross-entropy over the step's valid tokens, in nats
 * @param gradientNorm global norm before clipping
 * @param learningRate that the step used
 * @param tokens that the step trained on, ignored labels included
 * @param skipped the gradient was not finite and the weights were left as they were
 * @param moduleLosses mean cross-entropy of each module of multi-token prediction over the tokens that count for it; not in the loss
 * @param routers what the routers did, by layer; empty for a model without any
 */
public record StepResult(
        double loss,
        double gradientNorm,
        double learningRate,
        long tokens,
        boolean skipped,
        List<Double> moduleLosses,
        List<RouterLoad> routers) {
    public StepResult {
        moduleLosses = List.copyOf(moduleLosses);
        routers = List.copyOf(routers);
    }
}
