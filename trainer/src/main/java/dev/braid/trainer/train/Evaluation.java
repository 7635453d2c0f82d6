package dev.braid.trainer.train;

/**
 * What a validation came to.
 *
 * @param loss mean cross-entropy over the valid tokens, in nats
 * @param accuracy part of the valid tokens whose label has the largest logit, 0 to 1
 */
public record Evaluation(double loss, double accuracy) {
    /** No validation. */
    static final Evaluation NONE = new Evaluation(Double.NaN, Double.NaN);
}
