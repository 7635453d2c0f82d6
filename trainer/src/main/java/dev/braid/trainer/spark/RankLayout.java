package dev.braid.trainer.spark;

import dev.braid.parallelism.mesh.Mesh;
import java.io.Serializable;

/**
 * How many ranks run and what each gets.
 *
 * @param mesh of the run; a task of the barrier stage for each of its ranks
 * @param cores processor cores a rank
 * @param local whether all ranks live in the driver's JVM
 * @param profiled whether the stage asks for {@code cores} by a resource profile of its own, because other stages (data
 *     preparation) run tasks of {@code spark.task.cpus} cores
 */
public record RankLayout(Mesh mesh, int cores, boolean local, boolean profiled) implements Serializable {
    /** Tasks of the barrier stage. */
    public int ranks() {
        return mesh.ranks();
    }
}
