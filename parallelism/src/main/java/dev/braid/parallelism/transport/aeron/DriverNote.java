package dev.braid.parallelism.transport.aeron;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What the JVM that runs a media driver writes down for the others.
 *
 * @param folder of the driver, new for each driver
 * @param processId of the JVM
 * @param host on which it runs, for messages
 */
record DriverNote(Path folder, long processId, String host) {
    /** Empty when the text is not a whole note. */
    static Optional<DriverNote> parse(String text) {
        String[] lines = text.split("\n", -1);
        if (lines.length != 4) {
            return Optional.empty();
        }
        try {
            return Optional.of(new DriverNote(Path.of(lines[0]), Long.parseLong(lines[1]), lines[2]));
        } catch (NumberFormatException notANote) {
            return Optional.empty();
        }
    }

    String text() {
        return folder + "\n" + processId + "\n" + host + "\n";
    }

    @Override
    public String toString() {
        return "the media driver of host " + host + " (process " + processId + ", folder " + folder + ")";
    }
}
