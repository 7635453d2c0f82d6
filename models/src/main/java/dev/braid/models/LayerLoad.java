package dev.braid.models;

/**
 * What the router of one layer did with a micro-batch.
 *
 * @param counts tokens that chose each expert, those among them that it had no room for
 * @param dropped slots that an expert had no room for
 * @param tokens that were routed
 * @param probabilitySums of each expert, over the tokens
 * @param entropySum entropies of the tokens' probabilities, in nats, added up
 * @param balanceLoss the balance loss without its coefficient, of this micro-batch
 * @param zLoss mean of logsumexp^2
 */
public record LayerLoad(
        long[] counts,
        long dropped,
        long tokens,
        double[] probabilitySums,
        double entropySum,
        double balanceLoss,
        double zLoss) {}
