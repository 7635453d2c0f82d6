package dev.braid.trainer.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A run as one page that needs nothing else: curves of loss, gradient norm, learning rate and speed, its figures, its config.
 * The page is XML as well as HTML; it can be read without its script, which only tells the values under the pointer.
 */
public final class HtmlReport {
    private static final Chart.Size WIDE = new Chart.Size(1000, 380);
    private static final Chart.Size NARROW = new Chart.Size(420, 300);
    private static final Chart.Size SMALL = new Chart.Size(340, 210);
    private static final int FEW_STEPS = 20;
    private static final int CURVE_BINS = 2000;
    private static final int HOVER_POINTS = 800;

    private final RunSummary summary;
    private final RunHistory history;
    private final double firstStep;
    private final double lastStep;
    private final StringBuilder page = new StringBuilder(1 << 17);

    private HtmlReport(RunSummary summary, RunHistory history) {
        this.summary = summary;
        this.history = history;
        int size = history.loss().size();
        this.firstStep = size == 0 ? 0 : history.loss().step(0);
        this.lastStep = size == 0 ? 1 : history.loss().step(size - 1);
    }

    /** Writes the page, replacing an older one in one move. */
    public static void write(Path file, RunSummary summary, RunHistory history) throws IOException {
        Path absolute = file.toAbsolutePath();
        Files.createDirectories(absolute.getParent());
        Path written = absolute.resolveSibling(absolute.getFileName() + ".writing");
        Files.writeString(written, render(summary, history));
        Files.move(written, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The page as text; a run without steps has no curves. */
    public static String render(RunSummary summary, RunHistory history) {
        return new HtmlReport(summary, history).render();
    }

    private String render() {
        String name = Markup.escape(summary.name());
        line("<!DOCTYPE html>");
        line("<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">");
        line("<head>");
        line("<meta charset=\"utf-8\"/>");
        line("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>");
        line("<title>" + name + " - Braid</title>");
        line("<style>\n" + resource("report.css") + "</style>");
        line("</head>");
        line("<body>");
        line("<input type=\"radio\" name=\"scale\" id=\"linear\" checked=\"checked\"/>");
        line("<input type=\"radio\" name=\"scale\" id=\"log\"/>");
        line("<main>");
        line("<header><h1>" + name + "</h1><p class=\"status\">" + Markup.escape(summary.status()) + "</p></header>");
        figures();
        if (history.loss().size() > 0) {
            lossChart();
            smallCharts();
            experts();
        }
        details();
        line("<footer>Braid</footer>");
        line("</main>");
        if (history.loss().size() > 0) {
            line("<script type=\"application/json\" id=\"data\">" + data() + "</script>");
            line("<script>\n" + resource("report.js") + "</script>");
        }
        line("</body>");
        line("</html>");
        return page.toString();
    }

    private void figures() {
        line("<dl class=\"figures\">");
        for (RunSummary.Fact fact : RunFigures.of(history)) {
            int note = fact.value().indexOf(" (");
            String value = note < 0 ? fact.value() : fact.value().substring(0, note);
            String rest = note < 0
                    ? ""
                    : fact.value().substring(note + 2, fact.value().length() - 1);
            String small = rest.isEmpty() ? "" : " <small>" + Markup.escape(rest) + "</small>";
            line("<div><dt>" + Markup.escape(fact.label()) + "</dt><dd>" + Markup.escape(value) + small
                    + "</dd></div>");
        }
        line("</dl>");
    }

    private void lossChart() {
        Series loss = history.loss();
        Chart chart = new Chart("loss over the steps", firstStep, lastStep).resumes(history.resumes());
        List<String> legend = new ArrayList<>();
        if (isFew()) {
            chart.curve("smooth", loss, true);
            legend.add(key("smooth", "training"));
        } else {
            chart.curve("loss", loss, false).curve("smooth", smooth(), false);
            legend.add(key("smooth", "training, smoothed over " + Format.count(smoothedSteps()) + " steps"));
            legend.add(key("loss", "each step"));
        }
        if (history.valLoss().size() > 0) {
            chart.curve("val", history.valLoss(), true);
            legend.add(key("val", "validation"));
        }
        Series bad = loss.nonFinite();
        chart.nonFinite(bad);
        Chart.inWords(bad).ifPresent(words -> legend.add(mark("bad", words)));
        if (history.resumes().size() > 0) {
            legend.add(mark("resume", "resumed"));
        }
        line("<section class=\"card\">");
        line("<div class=\"head\"><h2>Loss <small>nats a token</small></h2><p class=\"at\" data-final=\""
                + "step " + Format.grouped((long) lastStep) + "\"></p>"
                + "<p class=\"scale\"><label for=\"linear\">linear</label><label for=\"log\">log</label></p></div>");
        legend(legend);
        page.append(chart.draw(WIDE, false, "linear wide")).append(chart.draw(WIDE, true, "log wide"));
        page.append(chart.draw(NARROW, false, "linear narrow")).append(chart.draw(NARROW, true, "log narrow"));
        line("</section>");
    }

    private void smallCharts() {
        line("<div class=\"row\">");
        if (history.valAccuracy().size() > 0) {
            smallChart("acc", "Accuracy", "part of the answers in validation", history.valAccuracy(), true);
        }
        smallChart("lr", "Learning rate", "", history.lr());
        smallChart("grad", "Gradient norm", "before clipping", history.gradNorm());
        smallChart("speed", "Speed", "tokens/s", history.tokensPerSecond());
        if (waited()) {
            smallChart("wait", "Waiting for ranks", "part of the step", history.waitShare());
        }
        line("</div>");
    }

    private void smallChart(String key, String title, String note, Series series) {
        smallChart(key, title, note, series, isFew());
    }

    private void smallChart(String key, String title, String note, Series series, boolean points) {
        Series bad = series.nonFinite();
        Chart chart = new Chart(title + " over the steps", firstStep, lastStep)
                .resumes(history.resumes())
                .curve(key, series, points)
                .nonFinite(bad);
        line("<section class=\"card\">");
        line("<div class=\"head\"><h2>" + title + " <small>" + note + "</small></h2></div>");
        List<String> legend = new ArrayList<>();
        legend.add(key(key, ""));
        Chart.inWords(bad).ifPresent(words -> legend.add(mark("bad", words)));
        legend(legend);
        page.append(chart.draw(SMALL, false, "linear")).append(chart.draw(SMALL, true, "log"));
        line("</section>");
    }

    private void experts() {
        RouterHistory routers = history.routers();
        if (routers.isEmpty()) {
            return;
        }
        line("<div class=\"row\">");
        smallChart("worst", "Busiest expert", "over the mean, worst layer", routers.worst());
        smallChart("even", "Busiest expert", "over the mean, all layers", routers.mean());
        if (routers.dropped().size() > 0) {
            smallChart("drop", "Dropped", "part of the choices", routers.dropped());
        }
        line("</div>");
        line("<section class=\"card\">");
        line("<div class=\"head\"><h2>Load of the experts <small>a row an expert, over the steps</small></h2></div>");
        legend(List.of(
                mark("few", "a quarter of the mean or less"),
                mark("mean", "the mean"),
                mark("many", "four times or more")));
        routers.grids().forEach((layer, loads) -> {
            line("<h3>layer " + layer + "</h3>");
            page.append(HeatMap.draw("load of the experts of layer " + layer, loads, firstStep, lastStep));
        });
        line("</section>");
    }

    private void details() {
        if (!summary.facts().isEmpty()) {
            line("<section class=\"card\"><h2>Run</h2>\n<table>");
            for (RunSummary.Fact fact : summary.facts()) {
                line("<tr><th scope=\"row\">" + Markup.escape(fact.label()) + "</th><td>" + Markup.escape(fact.value())
                        + "</td></tr>");
            }
            line("</table></section>");
        }
        summary.schedule()
                .ifPresent(svg ->
                        line("<section class=\"card\"><h2>Pipeline <small>what each rank does in a step</small></h2>\n"
                                + svg + "</section>"));
        summary.sample()
                .ifPresent(text -> line(
                        "<section class=\"card\"><h2>Sample</h2>\n<pre>" + Markup.escape(text) + "</pre></section>"));
        summary.config()
                .ifPresent(text -> line("<details class=\"card\"><summary>Config</summary>\n<pre>" + Markup.escape(text)
                        + "</pre></details>"));
    }

    private boolean isFew() {
        return history.loss().size() <= FEW_STEPS;
    }

    /** Smoothed twice: a single running mean shows a spike as a box. */
    private Series smooth() {
        Series binned = history.loss().binned(CURVE_BINS);
        return binned.smoothed(reach(binned.size())).smoothed(reach(binned.size()));
    }

    private long smoothedSteps() {
        int size = history.loss().size();
        int points = Math.min(size, CURVE_BINS);
        return Math.round((4.0 * reach(points) + 1) * size / points);
    }

    private static int reach(int points) {
        return Math.max(1, points / 120);
    }

    private static String key(String key, String label) {
        return "<span class=\"key " + key + "\"><i></i>" + Markup.escape(label) + " <b data-key=\"" + key
                + "\"></b></span>";
    }

    private static String mark(String style, String label) {
        return "<span class=\"key " + style + "\"><i></i>" + Markup.escape(label) + "</span>";
    }

    private void legend(List<String> entries) {
        line("<p class=\"legend\">" + String.join("\n", entries) + "</p>");
    }

    /** What the script shows under the pointer: some hundred steps, and all curves at them. Numbers only. */
    private String data() {
        Series loss = history.loss();
        Series smooth = isFew() ? loss : smooth();
        List<Integer> indices = new ArrayList<>();
        int count = Math.min(loss.size(), HOVER_POINTS);
        for (int i = 0; i < count; i++) {
            indices.add(count == 1 ? 0 : (int) ((long) i * (loss.size() - 1) / (count - 1)));
        }
        List<Integer> smoothIndices = indices.stream()
                .map(index -> loss.size() == 1 ? 0 : (int) ((long) index * (smooth.size() - 1) / (loss.size() - 1)))
                .toList();
        Series val = history.valLoss().downsampled(HOVER_POINTS);
        Series right = history.valAccuracy().downsampled(HOVER_POINTS);
        return "{\"steps\":" + steps(loss, indices) + ",\"loss\":" + values(loss, indices) + ",\"smooth\":"
                + values(smooth, smoothIndices) + ",\"lr\":" + values(history.lr(), indices) + ",\"grad\":"
                + values(history.gradNorm(), indices) + ",\"speed\":" + values(history.tokensPerSecond(), indices)
                + waits(indices)
                + sparse("val", val)
                + (right.size() > 0 ? sparse("acc", right) : "")
                + experts(history.routers())
                + "}";
    }

    /** A curve that has steps of its own. */
    private static String sparse(String key, Series series) {
        List<Integer> all = IntStream.range(0, series.size()).boxed().toList();
        return ",\"" + key + "Steps\":" + steps(series, all) + ",\"" + key + "\":" + values(series, all);
    }

    private static String experts(RouterHistory routers) {
        if (routers.isEmpty()) {
            return "";
        }
        Series dropped = routers.dropped().downsampled(HOVER_POINTS);
        return sparse("worst", routers.worst().downsampled(HOVER_POINTS))
                + sparse("even", routers.mean().downsampled(HOVER_POINTS))
                + (dropped.size() > 0 ? sparse("drop", dropped) : "");
    }

    private boolean waited() {
        return !Double.isNaN(history.medianWaitShare());
    }

    private String waits(List<Integer> indices) {
        return waited() ? ",\"wait\":" + values(history.waitShare(), indices) : "";
    }

    private static String steps(Series series, List<Integer> indices) {
        return indices.stream()
                .map(index -> Markup.json(series.step(index)))
                .toList()
                .toString()
                .replace(" ", "");
    }

    private static String values(Series series, List<Integer> indices) {
        return indices.stream()
                .map(index -> Markup.json(series.value(index)))
                .toList()
                .toString()
                .replace(" ", "");
    }

    private void line(String text) {
        page.append(text).append('\n');
    }

    private static String resource(String name) {
        try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("resource " + name + " is missing from the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failure) {
            throw new UncheckedIOException("resource " + name + " cannot be read", failure);
        }
    }
}
