package dev.braid.trainer.spark;

/**
 * How many ranks run and what each gets.
 *
 * @param ranks tasks of the barrier stage
 * @param cores processor cores a rank
 * @param local whether all ranks live in the driver's JVM
 * @param profiled whether the stage asks for {@code cores} by a resource profile of its own, because other stages (data
 *     preparation) run tasks of {@code spark.task.cpus} cores
 */
public record RankLayout(int ranks, int cores, boolean local, boolean profiled) {}
