package dev.braid.tensor.routing;

import java.util.Optional;

/**
 * A loss that grows when some experts get more tokens than others. Its gradient goes through the probabilities and, where a
 * router estimates one, the smooth load; counts are constants.
 * A strategy without state.
 */
public interface BalanceLoss {
    /**
     * What a loss looks at, for one or several runs of tokens (the whole micro-batch, or each sequence).
     *
     * @param tokens of a run
     * @param slots most experts of a token
     * @param probabilitySums [run][expert]: probabilities added up over the run's tokens
     * @param counts [run][expert]: tokens that have gone there; where a loss is of the global batch, those of all ranks and of all
     *     micro-batches of the step so far, in fractions of them
     * @param smooth [run][expert]: see {@link Router#smoothLoad}
     */
    record Load(int tokens, int slots, double[][] probabilitySums, double[][] counts, Optional<double[][]> smooth) {}

    /**
     * A loss and its gradient.
     *
     * @param value mean over the runs
     * @param gradient [run][expert]: of the value by one token's probability
     * @param smoothGradient [run][expert]: of the value by one token's summand of {@link Load#smooth}, if it goes by that
     */
    record Term(double value, double[][] gradient, Optional<double[][]> smoothGradient) {}

    /** Whether each sequence is a run of its own. */
    boolean bySequence();

    /** Whether counts are those of the global batch. */
    boolean global();

    /** Whether it goes by a smooth load where the router estimates one. */
    default boolean smooth() {
        return false;
    }

    /** The loss without its coefficient. */
    Term of(Load load);
}
