package dev.braid.trainer.report;

import java.util.List;
import java.util.function.Function;

/**
 * One figure of several runs over their steps, as an SVG file with its own style: unless told, the accuracy in validation where a run
 * has it, else the validation loss, else the training loss. A run has the colour of its place.
 */
public final class ComparisonChart {
    private static final int WIDTH = 860;
    private static final int HEIGHT = 380;
    private static final int LEFT = 58;
    private static final int RIGHT = 18;
    private static final int TOP = 34;
    private static final int BOTTOM = 34;
    private static final int LEGEND_LINE = 20;
    private static final int LETTER = 8;
    private static final int MOST_POINTS = 400;
    private static final int LOAD_POINTS = 150;

    /** Colours that differ for readers who see no red or green too (Okabe and Ito, 2008), without yellow. */
    private static final List<String> COLOURS =
            List.of("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f");

    private final List<ComparisonTable.Run> runs;
    private final String title;
    private final Function<ComparisonTable.Run, Series> figure;
    private final Axis across;
    private final Axis up;
    private final StringBuilder svg = new StringBuilder(1 << 14);

    private ComparisonChart(
            List<ComparisonTable.Run> runs, String title, Function<ComparisonTable.Run, Series> figure, boolean share) {
        this.runs = runs;
        this.title = title;
        this.figure = figure;
        double last = runs.stream()
                .map(figure)
                .filter(series -> series.size() > 0)
                .mapToDouble(series -> series.step(series.size() - 1))
                .max()
                .orElse(1);
        this.across = Axis.steps(0, last, 8);
        this.up = share
                ? Axis.from0(1, 5)
                : Axis.linear(
                        runs.stream()
                                .map(figure)
                                .mapToDouble(Series::min)
                                .filter(Double::isFinite)
                                .min()
                                .orElse(0),
                        runs.stream()
                                .map(figure)
                                .mapToDouble(Series::max)
                                .filter(Double::isFinite)
                                .max()
                                .orElse(1),
                        6);
    }

    /** An {@code svg} element. */
    public static String draw(List<ComparisonTable.Run> runs) {
        return draw(runs, Curve.usual(runs));
    }

    /** An {@code svg} element of one curve. */
    public static String draw(List<ComparisonTable.Run> runs, Curve curve) {
        return new ComparisonChart(runs, curve.title(), curve::of, curve == Curve.ACCURACY).draw();
    }

    /** The same of the busiest expert's load over the mean, in the worst layer: 1 in balance. */
    public static String drawLoads(List<ComparisonTable.Run> runs) {
        return new ComparisonChart(
                        runs,
                        "busiest expert over the mean, worst layer, over the steps",
                        run -> run.history().routers().worst().binned(LOAD_POINTS),
                        false)
                .draw();
    }

    private String draw() {
        int legendLines = legendLines();
        svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 " + WIDTH + " "
                + (HEIGHT + legendLines * LEGEND_LINE) + "\">\n");
        svg.append("<title>").append(Markup.escape(title)).append("</title>\n");
        svg.append("""
                <style>
                svg { background: #ffffff; }
                text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #4a5160; }
                text.title { font-weight: 600; fill: #1b1f27; }
                .grid { stroke: #e3e6eb; stroke-width: 1; }
                .curve { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
                </style>
                """);
        text(LEFT, 20, "start", "title", title);
        grid();
        for (int run = 0; run < runs.size(); run++) {
            curve(figure.apply(runs.get(run)).downsampled(MOST_POINTS), colour(run));
        }
        legend();
        return svg.append("</svg>\n").toString();
    }

    private void grid() {
        for (Axis.Tick tick : up.ticks()) {
            double y = y(tick.value());
            svg.append("<line class=\"grid\" x1=\"" + LEFT + "\" y1=\"" + Markup.coordinate(y) + "\" x2=\""
                    + (WIDTH - RIGHT) + "\" y2=\"" + Markup.coordinate(y) + "\"/>\n");
            text(LEFT - 8, y + 4, "end", "tick", tick.label());
        }
        for (Axis.Tick tick : across.ticks()) {
            text(x(tick.value()), HEIGHT - BOTTOM + 20, "middle", "tick", tick.label());
        }
    }

    private void curve(Series series, String colour) {
        Series finite = series.where(Double::isFinite);
        if (finite.size() == 0) {
            return;
        }
        svg.append("<path class=\"curve\" stroke=\"").append(colour).append("\" d=\"");
        for (int point = 0; point < finite.size(); point++) {
            svg.append(point == 0 ? 'M' : 'L')
                    .append(Markup.coordinate(x(finite.step(point))))
                    .append(',')
                    .append(Markup.coordinate(y(finite.value(point))));
        }
        // A path of one point shows only with a length of zero and round ends.
        svg.append(finite.size() == 1 ? "h0" : "").append("\"/>\n");
    }

    private void legend() {
        int x = LEFT;
        int y = HEIGHT + 8;
        for (int run = 0; run < runs.size(); run++) {
            String name = runs.get(run).name();
            if (x > LEFT && x + entryWidth(name) > WIDTH - RIGHT) {
                x = LEFT;
                y += LEGEND_LINE;
            }
            svg.append("<rect x=\"" + x + "\" y=\"" + (y - 6) + "\" width=\"16\" height=\"4\" rx=\"2\" fill=\""
                    + colour(run) + "\"/>\n");
            text(x + 22, y, "start", "run", name);
            x += entryWidth(name);
        }
    }

    private int legendLines() {
        int x = LEFT;
        int lines = 1;
        for (ComparisonTable.Run run : runs) {
            if (x > LEFT && x + entryWidth(run.name()) > WIDTH - RIGHT) {
                x = LEFT;
                lines++;
            }
            x += entryWidth(run.name());
        }
        return lines;
    }

    private static int entryWidth(String name) {
        return 22 + LETTER * name.length() + 20;
    }

    private static String colour(int run) {
        return COLOURS.get(run % COLOURS.size());
    }

    private void text(double x, double y, String anchor, String style, String words) {
        svg.append("<text class=\"" + style + "\" x=\"" + Markup.coordinate(x) + "\" y=\"" + Markup.coordinate(y)
                + "\" text-anchor=\"" + anchor + "\">" + Markup.escape(words) + "</text>\n");
    }

    private double x(double step) {
        return LEFT + across.position(step) * (WIDTH - LEFT - RIGHT);
    }

    private double y(double value) {
        return TOP + (1 - up.position(value)) * (HEIGHT - TOP - BOTTOM);
    }
}
