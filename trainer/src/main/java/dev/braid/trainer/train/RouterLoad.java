package dev.braid.trainer.train;

import java.util.List;

/**
 * What the router of one layer did in a step, over all micro-batches and ranks.
 *
 * @param layer from 0
 * @param counts tokens that chose each expert, those among them that it had no room for
 * @param dropped tokens times experts for which an expert had no room
 * @param capacity whether an expert has room for so many tokens only
 * @param entropy mean over the tokens of the entropy of a token's probabilities, in nats; the logarithm of the number of experts when
 *     all are as likely
 * @param balanceLoss {@code E sum_e f_e P_e}: f_e the expert's share of all counts, P_e its mean probability; 1 in balance; of the
 *     whole step, however it is cut into micro-batches
 * @param zLoss mean of logsumexp(logits)^2
 * @param bias of each expert, with which the step's experts were chosen; empty where there is none
 */
public record RouterLoad(
        int layer,
        List<Long> counts,
        long dropped,
        boolean capacity,
        double entropy,
        double balanceLoss,
        double zLoss,
        List<Double> bias) {
    /** Tokens of the busiest expert over those of an expert in the mean; 1 in balance. */
    public double maxOverMean() {
        long all = counts.stream().mapToLong(Long::longValue).sum();
        long most = counts.stream().mapToLong(Long::longValue).max().orElse(0);
        return all == 0 ? 1 : (double) most * counts.size() / all;
    }

    /** Part of the choices that were dropped. */
    public double dropRate() {
        return dropped == 0
                ? 0
                : (double) dropped / counts.stream().mapToLong(Long::longValue).sum();
    }
}
