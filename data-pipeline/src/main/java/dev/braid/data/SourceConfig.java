package dev.braid.data;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One source of text.
 *
 * <p>An epoch holds {@code round(weight * samples)} samples of a source. With weight 1 everywhere each sample comes once an epoch.
 * With weight 2.5 each comes two or three times an epoch, and with 0.5 every other epoch: draws of a source go on from one epoch
 * to the next, and no sample comes again before all others of its source have come.
 */
public record SourceConfig(
        @Key(
                "A folder (searched with its subfolders), a file, a glob, or jdk-source: the running JDK's own sources; paths as Hadoop"
                        + " reads them, so hdfs://... works too")
        String path,

        @Key(value = "How often an epoch repeats this source: 1 is once, 0.5 every other epoch", byDefault = "1")
        double weight,

        @Key(
                "Take documents until their text has this size, e.g. 32MB or 1GiB; files come in the order of a hash of their names,"
                        + " so that the part is diverse and always the same")
        Optional<String> limit)
        implements Validated {
    /** The path that stands for the running JDK's {@code lib/src.zip}. */
    public static final String JDK_SOURCE = "jdk-source";

    private static final double GREATEST_WEIGHT = 1000;

    @Override
    public void validate(Faults faults) {
        if (path.isBlank()) {
            faults.add(
                    "path", "is empty; allowed are a folder, a file, a glob or jdk-source", "write path: jdk-source");
        }
        if (!(weight > 0 && weight <= GREATEST_WEIGHT)) {
            faults.add(
                    "weight",
                    weight + " is not a weight; allowed is more than 0, up to 1000",
                    "remove the source if it should not be used");
        }
        if (limit.isPresent()) {
            try {
                ByteSize.parse(limit.get());
            } catch (IllegalArgumentException problem) {
                faults.add("limit", problem.getMessage(), "write limit: 32MB");
            }
        }
    }

    /** The limit in bytes; empty when there is none. */
    public OptionalLong limitBytes() {
        return limit.isPresent() ? OptionalLong.of(ByteSize.parse(limit.get())) : OptionalLong.empty();
    }
}
