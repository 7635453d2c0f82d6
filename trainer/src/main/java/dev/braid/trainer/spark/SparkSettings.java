package dev.braid.trainer.spark;

import dev.braid.parallelism.mesh.Mesh;
import java.util.Map;
import java.util.Optional;

/**
 * What a run asks of Spark.
 *
 * @param application shown in Spark's pages
 * @param master {@code --master} as the user gave it, if so
 * @param mesh the experiment's ranks
 * @param configuration further {@code spark.*} keys; they win over Braid's own choices, but not over spark-submit's
 */
public record SparkSettings(String application, Optional<String> master, Mesh mesh, Map<String, String> configuration) {
    public SparkSettings {
        configuration = Map.copyOf(configuration);
    }
}
