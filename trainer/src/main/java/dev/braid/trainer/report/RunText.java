package dev.braid.trainer.report;

import java.util.ArrayList;
import java.util.List;

/** The end of a run in the terminal: the loss curve, the final figures, and where things are. */
public final class RunText {
    private static final int COLUMNS = 60;
    private static final int ROWS = 12;

    private RunText() {}

    /** Lines ended by line feeds; a run without a finite loss has no curve. */
    public static String render(RunSummary summary, RunHistory history, Display display) {
        StringBuilder text = new StringBuilder();
        int columns = Math.clamp(display.width() - 12, 10, COLUMNS);
        String curve = TextPlot.loss(history, columns, ROWS, display.unicode());
        if (!curve.isEmpty()) {
            text.append('\n').append(curve).append('\n');
        }
        text.append(summary.name()).append(": ").append(summary.status()).append('\n');
        List<RunSummary.Fact> facts = new ArrayList<>(RunFigures.of(history));
        facts.addAll(summary.facts());
        int width = facts.stream().mapToInt(fact -> fact.label().length()).max().orElse(0);
        for (RunSummary.Fact fact : facts) {
            String padding = " ".repeat(width - fact.label().length());
            text.append("  ")
                    .append(fact.label())
                    .append(padding)
                    .append("  ")
                    .append(fact.value())
                    .append('\n');
        }
        return text.toString();
    }
}
