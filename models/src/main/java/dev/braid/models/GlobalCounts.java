package dev.braid.models;

/**
 * Adds the tokens that experts got in a micro-batch to those of the data ranks and of the micro-batches of the step so far. All ranks
 * call it alike.
 */
@FunctionalInterface
public interface GlobalCounts {
    /** Of a micro-batch that is all there is. */
    GlobalCounts ALONE = (layer, counts) -> counts;

    /**
     * The sums.
     *
     * @param layer of the model, from 0
     * @param counts of each expert in this rank's micro-batch
     */
    double[] with(int layer, double[] counts);
}
