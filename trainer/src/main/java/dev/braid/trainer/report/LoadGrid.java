package dev.braid.trainer.report;

import java.util.ArrayList;
import java.util.List;

/**
 * How busy each expert of a layer was over the steps of a run, as parts of the mean, in a bounded number of columns: when there are
 * too many, neighbours become one. One thread.
 */
final class LoadGrid {
    private static final int MOST_COLUMNS = 320;

    /** Steps next to each other. */
    private static final class Column {
        private final double[] sums;
        private int steps;

        Column(int experts) {
            sums = new double[experts];
        }

        void add(Column other) {
            for (int e = 0; e < sums.length; e++) {
                sums[e] += other.sums[e];
            }
            steps += other.steps;
        }
    }

    private final int experts;
    private List<Column> columns = new ArrayList<>();
    private int width = 1;

    LoadGrid(int experts) {
        this.experts = experts;
    }

    /** Adds the next step whose counts are known. */
    void add(List<Long> counts) {
        Column step = new Column(experts);
        double all = counts.stream().mapToLong(Long::longValue).sum();
        for (int e = 0; e < experts; e++) {
            step.sums[e] = all == 0 ? 1 : counts.get(e) * experts / all;
        }
        step.steps = 1;
        if (!columns.isEmpty() && columns.getLast().steps < width) {
            columns.getLast().add(step);
        } else {
            columns.add(step);
        }
        if (columns.size() > MOST_COLUMNS) {
            halve();
        }
    }

    private void halve() {
        List<Column> merged = new ArrayList<>();
        for (int i = 0; i < columns.size(); i += 2) {
            Column column = columns.get(i);
            if (i + 1 < columns.size()) {
                column.add(columns.get(i + 1));
            }
            merged.add(column);
        }
        columns = merged;
        width *= 2;
    }

    int experts() {
        return experts;
    }

    int columns() {
        return columns.size();
    }

    /** Steps of a column, all but the last of which have as many. */
    int width() {
        return width;
    }

    /** Load of an expert over the mean in a column, 1 in balance. */
    double at(int expert, int column) {
        return columns.get(column).sums[expert] / columns.get(column).steps;
    }
}
