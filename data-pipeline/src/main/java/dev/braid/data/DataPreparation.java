package dev.braid.data;

import dev.braid.data.prepare.Preparation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Turns the sources of a config into token shards, once: the result lies in {@code <cache>/<fingerprint>} and is used again while the
 * fingerprint is the same. Written in a folder of its own that gets its name at the end, so that a killed preparation leaves nothing
 * that looks finished, and of two processes that prepare the same the first wins.
 */
public final class DataPreparation {
    private DataPreparation() {}

    /**
     * Uses what is prepared, or prepares it by Spark jobs.
     *
     * @param spark a live context; its Hadoop configuration opens the paths
     * @param sequence tokens a sample
     * @param cache a Hadoop path that the driver and all executors reach; for {@code local} masters a local folder
     * @param listener hears of progress
     * @return open; the caller closes it
     * @throws DataException when the input is at fault
     * @throws UncheckedIOException when storage fails, e.g. the disk is full
     */
    public static PreparedData prepare(
            JavaSparkContext spark, TextConfig config, int sequence, String cache, ProgressListener listener) {
        try {
            Preparation preparation = new Preparation(config, cache, spark.hadoopConfiguration());
            Optional<PreparedData> ready = open(preparation, config, sequence, spark.hadoopConfiguration(), true);
            if (ready.isPresent()) {
                return ready.get();
            }
            preparation.run(spark, listener, 0);
            return open(preparation, config, sequence, spark.hadoopConfiguration(), false)
                    .orElseThrow();
        } catch (IOException problem) {
            throw new UncheckedIOException("preparing data in " + cache + " failed: " + problem.getMessage(), problem);
        }
    }

    /**
     * Opens what is prepared, without Spark.
     *
     * @return empty when nothing with this config's fingerprint is prepared
     * @throws DataException when the input, or the prepared data, is at fault
     */
    public static Optional<PreparedData> reuse(
            TextConfig config, int sequence, String cache, Configuration configuration) {
        try {
            return open(new Preparation(config, cache, configuration), config, sequence, configuration, true);
        } catch (IOException problem) {
            throw new UncheckedIOException("opening data in " + cache + " failed: " + problem.getMessage(), problem);
        }
    }

    private static Optional<PreparedData> open(
            Preparation preparation, TextConfig config, int sequence, Configuration configuration, boolean reused)
            throws IOException {
        if (!preparation.isFinished()) {
            return Optional.empty();
        }
        DataLocation location = new DataLocation(preparation.address(), sequence, config.weights());
        return Optional.of(PreparedData.open(location, configuration, true, reused));
    }
}
