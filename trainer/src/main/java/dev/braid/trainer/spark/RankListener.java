package dev.braid.trainer.spark;

/**
 * Hears on the driver what the ranks say. Calls come from several threads but never two at once. An exception ends the
 * run and becomes its failure.
 */
@FunctionalInterface
public interface RankListener {
    void event(RankEvent event);

    /**
     * An attempt failed.
     *
     * @param failure the first failure of that attempt
     * @param retried whether Spark starts the ranks again; false when the run ends with this failure
     */
    default void failure(RankFailure failure, boolean retried) {}
}
