package dev.braid.trainer.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** What several runs came to, a line a run. */
public final class ComparisonTable {
    /**
     * One run.
     *
     * @param pattern its layers in words
     * @param parameters trained elements, where known
     */
    public record Run(String name, String pattern, OptionalLong parameters, RunHistory history) {}

    private static final List<String> HEADERS =
            List.of("run", "layers", "parameters", "steps", "training loss", "validation loss", "accuracy", "time");

    /** Where a run has routers: the busiest expert's load over the mean, by the last 100 steps. */
    private static final List<String> LOADS =
            List.of("max/mean load", "worst layer", "worst layer, " + RecentLoads.STEPS + " steps as one");

    private static final int FIRST_FIGURE = 2;

    private ComparisonTable() {}

    /** A Markdown table whose columns are aligned as plain text too; a dash stands for what a run does not have. */
    public static String markdown(List<Run> runs) {
        boolean routed = runs.stream().anyMatch(run -> !run.history().routers().isEmpty());
        List<List<String>> rows = new ArrayList<>();
        rows.add(with(HEADERS, routed, LOADS));
        runs.forEach(run -> rows.add(with(cells(run), routed, loads(run))));
        int[] widths = new int[rows.getFirst().size()];
        for (List<String> row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (int row = 0; row < rows.size(); row++) {
            line(rows.get(row), widths, text);
            if (row == 0) {
                rule(widths, text);
            }
        }
        return text.toString();
    }

    private static List<String> with(List<String> cells, boolean more, List<String> others) {
        List<String> all = new ArrayList<>(cells);
        if (more) {
            all.addAll(others);
        }
        return all;
    }

    private static List<String> loads(Run run) {
        RouterHistory routers = run.history().routers();
        return routers.isEmpty()
                ? List.of("-", "-", "-")
                : List.of(
                        Format.fixed(routers.lastMean(), 2),
                        Format.fixed(routers.lastWorst(), 2),
                        Double.isNaN(routers.lastWorstTogether()) ? "-" : Format.fixed(routers.lastWorstTogether(), 2));
    }

    private static void line(List<String> cells, int[] widths, StringBuilder text) {
        for (int column = 0; column < widths.length; column++) {
            String padding = " ".repeat(widths[column] - cells.get(column).length());
            String cell = column < FIRST_FIGURE ? cells.get(column) + padding : padding + cells.get(column);
            text.append("| ").append(cell).append(' ');
        }
        text.append("|\n");
    }

    private static void rule(int[] widths, StringBuilder text) {
        for (int column = 0; column < widths.length; column++) {
            text.append('|').append("-".repeat(widths[column] + 1)).append(column < FIRST_FIGURE ? '-' : ':');
        }
        text.append("|\n");
    }

    private static List<String> cells(Run run) {
        RunHistory history = run.history();
        return List.of(
                run.name(),
                run.pattern(),
                run.parameters().isPresent() ? Format.grouped(run.parameters().getAsLong()) : "-",
                history.last().map(last -> Format.grouped(last.step())).orElse("0"),
                history.last().map(last -> Format.fixed(last.loss(), 4)).orElse("-"),
                Double.isNaN(history.lastValLoss()) ? "-" : Format.fixed(history.lastValLoss(), 4),
                Double.isNaN(history.lastValAccuracy()) ? "-" : Format.finePercent(history.lastValAccuracy()),
                history.last().map(last -> Format.duration(last.seconds())).orElse("-"));
    }

    /** The same for programs, unrounded; a key is left out where a run has no such figure. */
    public static List<Map<String, Object>> facts(List<Run> runs) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (Run run : runs) {
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("run", run.name());
            facts.put("layers", run.pattern());
            run.parameters().ifPresent(count -> facts.put("parameters", count));
            run.history().last().ifPresent(last -> {
                facts.put("steps", last.step());
                facts.put("loss", last.loss());
                facts.put("seconds", last.seconds());
            });
            put(facts, "val_loss", run.history().lastValLoss());
            put(facts, "val_accuracy", run.history().lastValAccuracy());
            put(facts, "max_over_mean", run.history().routers().lastMean());
            put(facts, "max_over_mean_worst_layer", run.history().routers().lastWorst());
            put(
                    facts,
                    "max_over_mean_worst_layer_together",
                    run.history().routers().lastWorstTogether());
            all.add(facts);
        }
        return all;
    }

    private static void put(Map<String, Object> facts, String key, double value) {
        if (!Double.isNaN(value)) {
            facts.put(key, value);
        }
    }
}
