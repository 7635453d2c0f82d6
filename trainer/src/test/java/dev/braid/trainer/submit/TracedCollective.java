package dev.braid.trainer.submit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A collective as a rank has recorded it in a trace.
 *
 * @param startMicros when it was started
 * @param bytes of its tensor, what stays on the rank too
 * @param sent bytes to other ranks
 */
record TracedCollective(double startMicros, long bytes, long sent) {
    /** Those of {@code group} by rank, in the order of their starts. */
    static Map<Integer, List<TracedCollective>> read(Path trace, String group) throws IOException {
        Map<Integer, List<TracedCollective>> collectives = new TreeMap<>();
        for (JsonNode event :
                new ObjectMapper().readTree(Files.readString(trace)).get("traceEvents")) {
            if (event.at("/args/group").asText().equals(group)) {
                collectives
                        .computeIfAbsent(event.get("pid").asInt() - 1, rank -> new ArrayList<>())
                        .add(new TracedCollective(
                                event.get("ts").asDouble(),
                                event.at("/args/bytes").asLong(),
                                event.at("/args/sent").asLong()));
            }
        }
        collectives.values().forEach(each -> each.sort(Comparator.comparingDouble(TracedCollective::startMicros)));
        return collectives;
    }
}
