package dev.braid.trainer.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Where the time goes, by operation, as aligned text. */
public final class ProfileTable {
    private static final List<String> HEAD = List.of("operation", "calls", "time", "share", "GFLOP/s");

    /** {@code nanos} of wall time in {@code calls} calls of an operation, which did {@code flops} in all; 0: not counted. */
    public record Row(String operation, long calls, long nanos, double flops) {}

    private ProfileTable() {}

    /**
     * The rows, longest first, then the time outside of them and the total, each line ended by a line feed.
     *
     * @param wallNanos time that the shares are of; less than the rows' sum where operations overlap
     */
    public static String render(List<Row> rows, long wallNanos) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(HEAD);
        long counted = 0;
        double flops = 0;
        for (Row row : sorted(rows)) {
            lines.add(cells(row.operation(), Format.grouped(row.calls()), row.nanos(), wallNanos, row.flops()));
            counted += row.nanos();
            flops += row.flops();
        }
        if (counted < wallNanos) {
            lines.add(cells("(other)", "", wallNanos - counted, wallNanos, 0));
        }
        lines.add(cells("total", "", wallNanos, wallNanos, flops));
        return aligned(lines);
    }

    private static List<Row> sorted(List<Row> rows) {
        return rows.stream()
                .sorted(Comparator.comparingLong(Row::nanos).reversed().thenComparing(Row::operation))
                .toList();
    }

    private static List<String> cells(String operation, String calls, long nanos, long wallNanos, double flops) {
        String time = String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
        String share = wallNanos > 0 ? String.format(Locale.ROOT, "%.1f%%", 100.0 * nanos / wallNanos) : "";
        // Operations in a nanosecond are 10^9 operations in a second.
        String speed = flops > 0 && nanos > 0 ? String.format(Locale.ROOT, "%.1f", flops / nanos) : "";
        return List.of(operation, calls, time, share, speed);
    }

    /** The first column is left-aligned, the others right-aligned; two spaces between. */
    private static String aligned(List<List<String>> lines) {
        StringBuilder text = new StringBuilder();
        for (List<String> line : lines) {
            StringBuilder row = new StringBuilder();
            for (int column = 0; column < HEAD.size(); column++) {
                String cell = line.get(column);
                String padding = " ".repeat(width(lines, column) - cell.length());
                row.append(column == 0 ? cell + padding : "  " + padding + cell);
            }
            text.append(row.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private static int width(List<List<String>> lines, int column) {
        return lines.stream().mapToInt(line -> line.get(column).length()).max().orElse(0);
    }
}
