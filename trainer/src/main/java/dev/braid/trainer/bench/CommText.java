package dev.braid.trainer.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.trainer.report.Format;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Results as rows of a table or as JSON.
 *
 * @param ranks how many
 * @param processes whether each is a JVM
 * @param transport what frames took
 * @param algorithm what was asked for
 * @param plan what is measured
 * @param copies GB/s of a memory copy, by size
 */
public record CommText(
        int ranks, boolean processes, String transport, String algorithm, CommPlan plan, Map<Long, Double> copies) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** The names of the columns. */
    public static String header() {
        return String.format(
                Locale.ROOT,
                "%-15s %13s  %-10s %12s %12s %10s %8s",
                "operation",
                "bytes",
                "transport",
                "median us",
                "slowest us",
                "bus GB/s",
                "of copy");
    }

    /** One result under the {@link #header}. */
    public String row(CommResult result) {
        CommPlan.Point point = result.point();
        String times = String.format(
                Locale.ROOT,
                "%-15s %13s  %-10s %12s %12s",
                point.operation().word(),
                point.operation().sized() ? String.format(Locale.ROOT, "%,d", point.bytes()) : "-",
                transport,
                micros(result.medianMicros()),
                micros(result.slowestMicros()));
        if (!point.operation().sized()) {
            return times + String.format(Locale.ROOT, " %10s %8s", "-", "-");
        }
        double bandwidth = result.busBandwidth(ranks);
        String share = Format.percent(bandwidth / copies.get(point.bytes()));
        return times + String.format(Locale.ROOT, " %10s %8s", rate(bandwidth), share);
    }

    /** The line below the table. */
    public static String copyLine(Map<Long, Double> copies) {
        return "memory copy of the same bytes by one thread: "
                + new TreeMap<>(copies)
                        .entrySet().stream()
                                .map(copy -> String.format(
                                        Locale.ROOT, "%,d bytes %.1f GB/s", copy.getKey(), copy.getValue()))
                                .collect(Collectors.joining(", "));
    }

    /** One result as a JSON object on one line. */
    public String json(CommResult result) {
        CommPlan.Point point = result.point();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("op", point.operation().word());
        facts.put("bytes", point.bytes());
        facts.put("ranks", ranks);
        facts.put("transport", transport);
        facts.put("median_us", rounded(result.medianMicros(), 1e3));
        facts.put("busbw_gbps", rounded(result.busBandwidth(ranks), 1e4));
        facts.put("slowest_us", rounded(result.slowestMicros(), 1e3));
        facts.put("algorithm", algorithm);
        facts.put("dtype", plan.dtype().name().toLowerCase(Locale.ROOT));
        facts.put("memory", plan.sharedMemory() ? "shared" : "private");
        facts.put("processes", processes);
        facts.put("repeats", result.repeats());
        if (point.operation().sized()) {
            facts.put("copy_gbps", rounded(copies.get(point.bytes()), 1e4));
        }
        try {
            return MAPPER.writeValueAsString(facts);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String micros(double micros) {
        return String.format(Locale.ROOT, micros < 100 ? "%.1f" : "%,.0f", micros);
    }

    private static String rate(double value) {
        return String.format(Locale.ROOT, value < 0.1 ? "%.4f" : value < 10 ? "%.2f" : "%.1f", value);
    }

    private static double rounded(double value, double digits) {
        return Math.round(value * digits) / digits;
    }
}
