package dev.braid.parallelism.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Locale;
import java.util.SortedSet;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last operations of a rank, written as JSON beside the run when the attempt fails: one object with the cause, the links,
 * and the operations from the oldest to the newest. Times are milliseconds before the failure.
 */
final class FlightRecord {
    private static final Logger LOG = LoggerFactory.getLogger(FlightRecord.class);
    private static final int LENGTH = 128;

    private final Engine engine;
    private final ArrayDeque<Operation> last = new ArrayDeque<>();

    FlightRecord(Engine engine) {
        this.engine = engine;
    }

    void add(Operation operation) {
        if (last.size() == LENGTH) {
            last.poll();
        }
        last.add(operation);
    }

    void write(String reason, SortedSet<Integer> missing) {
        engine.settings.flightFolder().ifPresent(folder -> {
            Path file =
                    folder.resolve("flight-attempt-" + engine.settings.attempt() + "-rank-" + engine.rank + ".json");
            try {
                Files.createDirectories(folder);
                Files.writeString(file, text(reason, missing));
            } catch (IOException problem) {
                LOG.warn("rank {}: the flight record {} was not written: {}", engine.rank, file, problem.toString());
            }
        });
    }

    String text(String reason, SortedSet<Integer> missing) {
        long now = engine.now();
        StringBuilder text = new StringBuilder("{\n");
        text.append("  \"run\": ").append(quote(engine.settings.runId())).append(",\n");
        text.append("  \"attempt\": ").append(engine.settings.attempt()).append(",\n");
        text.append("  \"rank\": ").append(engine.rank).append(",\n");
        text.append("  \"reason\": ").append(quote(reason)).append(",\n");
        text.append("  \"missing\": ").append(list(missing)).append(",\n");
        text.append("  \"links\": [\n");
        text.append(engine.linked().stream()
                .map(peer -> "    {\"rank\": " + peer.rank + ", \"transport\": "
                        + quote(peer.transport().name()) + ", \"open\": " + peer.open() + ", \"left\": " + peer.left()
                        + ", \"last_heard_ms\": " + millis(now - peer.lastHeard()) + "}")
                .collect(Collectors.joining(",\n")));
        text.append("\n  ],\n  \"operations\": [\n");
        text.append(
                last.stream().map(operation -> "    " + entry(operation, now)).collect(Collectors.joining(",\n")));
        return text.append("\n  ]\n}\n").toString();
    }

    private static String entry(Operation operation, long now) {
        long[] arrival = operation.arrival();
        return "{\"operation\": " + quote(operation.kind.toString()) + ", \"group\": " + quote(operation.group.name)
                + ", \"ranks\": " + list(operation.group.members) + ", \"sequence\": " + operation.number()
                + ", \"bytes\": " + operation.bytes + ", \"dtype\": "
                + quote(operation.dtype.name().toLowerCase(Locale.ROOT)) + ", \"algorithm\": "
                + quote(operation.algorithm.name().toLowerCase(Locale.ROOT)) + ", \"call_site\": "
                + quote(operation.callSite()) + ", \"started_ms\": " + millis(now - operation.startedNanos())
                + (operation.done()
                        ? ", \"state\": \"done\", \"took_ms\": "
                                + millis(operation.endedNanos() - operation.startedNanos())
                        : ", \"state\": \"pending\", \"waiting_for\": " + list(operation.waitingFor())
                                + ", \"received_bytes\": " + arrival[0] + ", \"expected_bytes\": " + arrival[1])
                + "}";
    }

    private static String list(Collection<Integer> ranks) {
        return ranks.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
    }

    private static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.3f", nanos / 1e6);
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char each : text.toCharArray()) {
            switch (each) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                default ->
                    quoted.append(
                            each < ' ' ? String.format(Locale.ROOT, "\\u%04x", (int) each) : String.valueOf(each));
            }
        }
        return quoted.append('"').toString();
    }
}
