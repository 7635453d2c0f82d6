package dev.braid.trainer.spark;

import java.util.Map;
import java.util.Optional;

/**
 * What a run asks of Spark.
 *
 * @param application shown in Spark's pages
 * @param master {@code --master} as the user gave it, if so
 * @param ranks how many ranks the experiment's mesh has
 * @param configuration further {@code spark.*} keys; they win over Braid's own choices, but not over spark-submit's
 */
public record SparkSettings(String application, Optional<String> master, int ranks, Map<String, String> configuration) {
    public SparkSettings {
        configuration = Map.copyOf(configuration);
    }
}
