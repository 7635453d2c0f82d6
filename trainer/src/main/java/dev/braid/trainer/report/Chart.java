package dev.braid.trainer.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One chart over the steps, drawn as SVG. Coordinates are those of the view box; the attributes {@code data-*} tell the page's
 * script how they map to steps and values.
 */
final class Chart {
    /** The size of a drawing. */
    record Size(int width, int height) {}

    /**
     * A curve.
     *
     * @param key name in the page's data and its style
     * @param points draw each point as a disc too, unless there are very many
     */
    record Curve(String key, Series series, boolean points) {}

    private static final int LEFT = 52;
    private static final int RIGHT = 14;
    private static final int TOP = 14;
    private static final int BOTTOM = 26;
    private static final int MOST_DISCS = 150;

    private final String title;
    private final double firstStep;
    private final double lastStep;
    private final List<Curve> curves = new ArrayList<>();
    private Series nonFinite = new Series();
    private Series resumes = new Series();

    /** An empty chart from the first to the last step. */
    Chart(String title, double firstStep, double lastStep) {
        this.title = title;
        this.firstStep = firstStep;
        this.lastStep = lastStep;
    }

    /** Adds a curve above those before it. */
    Chart curve(String key, Series series, boolean points) {
        curves.add(new Curve(key, series, points));
        return this;
    }

    /** Marks the steps whose value is not finite. */
    Chart nonFinite(Series steps) {
        nonFinite = steps;
        return this;
    }

    /** Marks the steps at which the run was resumed. */
    Chart resumes(Series steps) {
        resumes = steps;
        return this;
    }

    /** An {@code svg} element with the class {@code style}; a logarithmic one falls back to linear if no value is above 0. */
    String draw(Size size, boolean logarithmic, String style) {
        boolean log =
                logarithmic && curves.stream().anyMatch(curve -> curve.series().max() > 0);
        int height = size.height() - TOP - BOTTOM;
        int width = size.width() - LEFT - RIGHT;
        Axis up = valueAxis(log, Math.max(2, height / 45));
        Axis across = Axis.steps(firstStep, lastStep, Math.max(2, width / 90));
        StringBuilder svg = new StringBuilder(8192);
        svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" class=\"plot ")
                .append(style);
        svg.append("\" viewBox=\"0 0 ")
                .append(size.width())
                .append(' ')
                .append(size.height())
                .append('"');
        attribute(
                svg,
                "data-keys",
                String.join(" ", curves.stream().map(Curve::key).toList()));
        attribute(svg, "data-box", LEFT + " " + TOP + " " + width + " " + height);
        attribute(svg, "data-steps", across.low() + " " + across.high());
        attribute(svg, "data-values", up.low() + " " + up.high());
        attribute(svg, "data-log", Boolean.toString(log));
        svg.append(">\n<title>").append(Markup.escape(title)).append("</title>\n");
        Frame frame = new Frame(svg, across, up, width, height);
        frame.grid();
        frame.resumes(resumes);
        for (Curve curve : curves) {
            frame.curve(curve, log);
        }
        frame.nonFinite(nonFinite);
        return svg.append("</svg>\n").toString();
    }

    private Axis valueAxis(boolean log, int ticks) {
        double min = Double.NaN;
        double max = Double.NaN;
        for (Curve curve : curves) {
            Series shown = log ? curve.series().where(value -> value > 0) : curve.series();
            min = smaller(min, shown.min());
            max = -smaller(-max, -shown.max());
        }
        return log ? Axis.logarithmic(min, max, ticks) : Axis.linear(min, max, ticks);
    }

    private static double smaller(double a, double b) {
        return Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.min(a, b);
    }

    private static void attribute(StringBuilder svg, String name, String value) {
        svg.append(' ').append(name).append("=\"").append(Markup.escape(value)).append('"');
    }

    /** The axes of one drawing, and what is drawn between them. */
    private record Frame(StringBuilder svg, Axis across, Axis up, int width, int height) {
        void grid() {
            svg.append("<g class=\"grid\">\n");
            for (Axis.Tick tick : up.ticks()) {
                String y = y(tick.value());
                line(LEFT, y, LEFT + width, y);
                label(LEFT - 8, Markup.coordinate(yOf(tick.value()) + 4), "end", tick.label());
            }
            for (Axis.Tick tick : across.ticks()) {
                boolean atEnd = xOf(tick.value()) > LEFT + width - 12;
                label(
                        xOf(tick.value()) + (atEnd ? RIGHT - 2 : 0),
                        "" + (TOP + height + 18),
                        atEnd ? "end" : "middle",
                        tick.label());
            }
            svg.append("</g>\n");
        }

        void resumes(Series resumes) {
            Series drawn = resumes.downsampled(50);
            for (int i = 0; i < drawn.size(); i++) {
                String x = Markup.coordinate(xOf(drawn.step(i)));
                svg.append("<path class=\"resume\" d=\"M")
                        .append(x)
                        .append(',')
                        .append(TOP)
                        .append('v')
                        .append(height);
                svg.append("\"><title>resumed: step ").append(Format.grouped((long) drawn.step(i)));
                svg.append("</title></path>\n");
            }
        }

        void curve(Curve curve, boolean log) {
            Series series = curve.series().downsampled(width);
            boolean discs = curve.points() && series.size() <= MOST_DISCS;
            svg.append("<path class=\"curve ")
                    .append(curve.key())
                    .append(discs ? " sparse" : "")
                    .append("\" d=\"");
            boolean open = false;
            boolean single = false;
            for (int i = 0; i < series.size(); i++) {
                double value = series.value(i);
                if (!Double.isFinite(value) || log && value <= 0) {
                    svg.append(single ? "h0" : "");
                    open = false;
                    single = false;
                } else {
                    svg.append(open ? 'L' : 'M')
                            .append(x(series.step(i)))
                            .append(',')
                            .append(y(value));
                    single = !open;
                    open = true;
                }
            }
            // A path of one point shows only with a length of zero and round ends.
            svg.append(single ? "h0" : "").append("\"/>\n");
            if (discs) {
                points(curve.key(), series, log);
            }
        }

        private void points(String key, Series series, boolean log) {
            for (int i = 0; i < series.size(); i++) {
                double value = series.value(i);
                if (Double.isFinite(value) && (!log || value > 0)) {
                    svg.append("<circle class=\"")
                            .append(key)
                            .append("\" r=\"3\" cx=\"")
                            .append(x(series.step(i)));
                    svg.append("\" cy=\"").append(y(value)).append("\"/>\n");
                }
            }
        }

        /** A cross at the upper edge for each; those that would lie on one another are drawn once. */
        void nonFinite(Series marks) {
            double previous = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < marks.size(); i++) {
                double x = xOf(marks.step(i));
                if (x - previous >= 3) {
                    previous = x;
                    svg.append("<path class=\"bad\" d=\"M")
                            .append(Markup.coordinate(x - 4))
                            .append(',')
                            .append(TOP - 8);
                    svg.append("l8,8m0,-8l-8,8\"><title>not finite: step ");
                    svg.append(Format.grouped((long) marks.step(i))).append("</title></path>\n");
                }
            }
        }

        private void line(int fromX, String fromY, int toX, String toY) {
            svg.append("<line x1=\"").append(fromX).append("\" y1=\"").append(fromY);
            svg.append("\" x2=\"").append(toX).append("\" y2=\"").append(toY).append("\"/>\n");
        }

        private void label(double x, String y, String anchor, String text) {
            svg.append("<text x=\"")
                    .append(Markup.coordinate(x))
                    .append("\" y=\"")
                    .append(y);
            svg.append("\" text-anchor=\"")
                    .append(anchor)
                    .append("\">")
                    .append(Markup.escape(text))
                    .append("</text>\n");
        }

        private double xOf(double step) {
            return LEFT + across.position(step) * width;
        }

        private double yOf(double value) {
            return TOP + (1 - up.position(value)) * height;
        }

        private String x(double step) {
            return Markup.coordinate(xOf(step));
        }

        private String y(double value) {
            return Markup.coordinate(yOf(value));
        }
    }

    /** The steps of {@code marks} in words, for a legend. */
    static Optional<String> inWords(Series marks) {
        if (marks.size() == 0) {
            return Optional.empty();
        }
        if (marks.size() == 1) {
            return Optional.of("not finite: step " + Format.grouped((long) marks.step(0)));
        }
        List<String> named = new ArrayList<>();
        for (int i = 0; i < Math.min(3, marks.size()); i++) {
            named.add(Format.grouped((long) marks.step(i)));
        }
        String more = marks.size() > named.size() ? ", ..." : "";
        return Optional.of(
                "not finite: " + Format.grouped(marks.size()) + " steps (" + String.join(", ", named) + more + ")");
    }
}
