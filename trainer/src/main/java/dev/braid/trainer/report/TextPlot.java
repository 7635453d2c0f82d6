package dev.braid.trainer.report;

import java.util.Arrays;

/** Curves as text: a canvas of characters, each of 2 x 4 braille dots, or one plain character where braille cannot be shown. */
final class TextPlot {
    /** The bit of each dot of a braille character, by row and column. */
    private static final int[][] DOTS = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

    private static final char BRAILLE = '\u2800';
    private static final int LABEL_WIDTH = 8;

    private final int columns;
    private final int rows;
    private final boolean unicode;
    private final Axis across;
    private final Axis up;
    private final char[][] cells;

    private TextPlot(int columns, int rows, boolean unicode, Axis across, Axis up) {
        this.columns = columns;
        this.rows = rows;
        this.unicode = unicode;
        this.across = across;
        this.up = up;
        this.cells = new char[rows][columns];
        for (char[] row : cells) {
            Arrays.fill(row, ' ');
        }
    }

    /**
     * Training loss as a line and validation losses as points, with labelled axes; lines ended by line feeds. Empty when no
     * loss is finite.
     *
     * @param columns of the canvas, without the labels
     * @param rows of the canvas
     */
    static String loss(RunHistory history, int columns, int rows, boolean unicode) {
        Series line = history.loss().where(Double::isFinite).binned(columns * 2);
        Series points = history.valLoss().where(Double::isFinite);
        double min = Math.min(orElse(line.min(), points.min()), orElse(points.min(), line.min()));
        double max = Math.max(orElse(line.max(), points.max()), orElse(points.max(), line.max()));
        if (Double.isNaN(min)) {
            return "";
        }
        double lastStep = history.loss().step(history.loss().size() - 1);
        Axis up = Axis.linear(min, max, Math.max(2, rows / 2));
        TextPlot plot =
                new TextPlot(columns, rows, unicode, Axis.steps(history.loss().step(0), lastStep, 4), up);
        plot.line(line);
        plot.points(points.downsampled(columns));
        return plot.text(lastStep, points.size() > 0);
    }

    private static double orElse(double value, double other) {
        return Double.isNaN(value) ? other : value;
    }

    private void line(Series series) {
        int previousX = -1;
        double previousY = 0;
        for (int i = 0; i < series.size(); i++) {
            int x = (int) Math.round(across.position(series.step(i)) * (columns * 2 - 1));
            double y = (1 - up.position(series.value(i))) * (rows * 4 - 1);
            if (previousX < 0) {
                dot(x, y);
            } else {
                segment(previousX, previousY, x, y);
            }
            previousX = x;
            previousY = y;
        }
    }

    private void segment(int fromX, double fromY, int toX, double toY) {
        int pieces = (int) Math.max(1, Math.ceil(Math.max(toX - fromX, Math.abs(toY - fromY))));
        for (int piece = 0; piece <= pieces; piece++) {
            double part = (double) piece / pieces;
            dot((int) Math.round(fromX + part * (toX - fromX)), fromY + part * (toY - fromY));
        }
    }

    private void dot(int x, double y) {
        int row = (int) Math.round(y);
        char[] line = cells[row / 4];
        if (!unicode) {
            line[x / 2] = '*';
            return;
        }
        char before = line[x / 2] == ' ' ? BRAILLE : line[x / 2];
        line[x / 2] = (char) (before | DOTS[row % 4][x % 2]);
    }

    private void points(Series series) {
        for (int i = 0; i < series.size(); i++) {
            int column = (int) Math.round(across.position(series.step(i)) * (columns * 2 - 1)) / 2;
            int row = (int) Math.round((1 - up.position(series.value(i))) * (rows * 4 - 1)) / 4;
            cells[row][column] = unicode ? '●' : 'o';
        }
    }

    private String text(double lastStep, boolean validated) {
        String[] labels = new String[rows];
        for (Axis.Tick tick : up.ticks()) {
            labels[(int) Math.round((1 - up.position(tick.value())) * (rows * 4 - 1)) / 4] = tick.label();
        }
        StringBuilder text = new StringBuilder();
        for (int row = 0; row < rows; row++) {
            String label = labels[row] == null ? "" : labels[row];
            String rule = unicode ? label.isEmpty() ? " │" : " ┤" : " |";
            String cellsOfRow = new String(cells[row]);
            text.append((" ".repeat(Math.max(0, LABEL_WIDTH - label.length())) + label + rule + cellsOfRow)
                    .stripTrailing());
            text.append('\n');
        }
        String margin = " ".repeat(LABEL_WIDTH + 1);
        text.append(margin)
                .append(unicode ? "└" + "─".repeat(columns) : "+" + "-".repeat(columns))
                .append('\n');
        String first = "step " + Format.grouped((long) across.low());
        String last = lastStep > across.low() ? Format.grouped((long) lastStep) : "";
        int gap = Math.max(1, columns - first.length() - last.length());
        text.append(margin)
                .append(' ')
                .append(first)
                .append(last.isEmpty() ? "" : " ".repeat(gap) + last)
                .append('\n');
        text.append(margin).append(' ').append(unicode ? "⠒⠒ training loss" : "** training loss");
        return text.append(validated ? unicode ? "   ● validation loss" : "   o validation loss" : "")
                .append('\n')
                .toString();
    }
}
