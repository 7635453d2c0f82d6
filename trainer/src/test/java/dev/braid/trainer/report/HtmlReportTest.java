package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.StageCosts;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlReportTest {
    private static final RunSummary SUMMARY =
            RunSummary.of("small", "complete", List.of(new RunSummary.Fact("parameters", "5.8M")));

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 20, 21, 300, 100_000})
    void shouldBeWellFormedForAnyNumberOfSteps(int steps) throws Exception {
        String page = HtmlReport.render(SUMMARY, history(steps));
        Document document = parse(page);
        assertThat(elements(document, "svg")).hasSize(steps == 0 ? 0 : 10);
        String beforeScript = steps == 0 ? page : page.substring(0, page.indexOf("\"use strict\""));
        assertThat(beforeScript).doesNotContain("NaN", "Infinity");
        assertThat(page.length()).isLessThan(300_000);
    }

    @Test
    void shouldDrawTheWaitsOnlyWhereThereAreSeveralRanks() throws Exception {
        RunHistory history = new RunHistory();
        history.add(StepRecord.of(1, 8, 1, 1, 900, 512));
        history.add(StepRecord.of(2, 7, 1, 1, 900, 1024).withWaits(Waits.of(2, Map.of("shard", 0.5))));
        String page = HtmlReport.render(SUMMARY, history);
        // linear and logarithmic, beside the ten of a rank alone
        assertThat(elements(parse(page), "svg")).hasSize(12);
        assertThat(page)
                .contains("<dt>waiting for ranks</dt><dd>25% <small>median; shard 25%</small></dd>")
                .contains("\"wait\":[0,0.25]");
        assertThat(HtmlReport.render(SUMMARY, history(3))).doesNotContain("Waiting for ranks");
    }

    @Test
    void shouldShowThePipelineOfARunThatHasOne() throws Exception {
        Schedule schedule = Schedules.of(ScheduleName.ZB_H1, 2, 4);
        Simulation simulation = Simulator.run(schedule, StageCosts.equal(2, 1, 1, 1, 1, 0), Overlap.TOGETHER);
        String page = HtmlReport.render(SUMMARY.withSchedule(ScheduleChart.page(simulation)), history(3));
        assertThat(elements(parse(page), "svg")).hasSize(11);
        assertThat(page).contains("<h2>Pipeline ", "<title>zb-h1, 2 ranks, 4 micro-batches</title>");
        assertThat(HtmlReport.render(SUMMARY, history(3))).doesNotContain("<h2>Pipeline");
    }

    @Test
    void shouldEscapeTextWhereverItComesFrom() throws Exception {
        String nasty = "<script>alert('x')</script> & \"y\" \u001b[1m \0";
        RunSummary summary = RunSummary.of(nasty, nasty, List.of(new RunSummary.Fact(nasty, nasty)))
                .withConfig(nasty)
                .withSample(nasty);
        String page = HtmlReport.render(summary, history(3));
        assertThat(page).doesNotContain("<script>alert", "\u001b", "\0");
        String shown = "<script>alert('x')</script> & \"y\" \ufffd[1m \ufffd";
        Document document = parse(page);
        assertThat(elements(document, "h1").getFirst().getTextContent()).isEqualTo(shown);
        assertThat(elements(document, "td").getFirst().getTextContent()).isEqualTo(shown);
        assertThat(elements(document, "pre"))
                .hasSize(2)
                .allSatisfy(pre -> assertThat(pre.getTextContent()).isEqualTo(shown));
        assertThat(elements(document, "script")).hasSize(2);
    }

    @Test
    void shouldNeedNoOtherFile() throws Exception {
        String page = HtmlReport.render(SUMMARY, history(30));
        assertThat(page.replace("http://www.w3.org/", ""))
                .doesNotContain("http:", "https:", "src=", "href=", "@import", "url(");
    }

    @Test
    void shouldDrawStepsWhereTheyBelong() {
        // 52 to the left, 14 to the right, 14 above, 26 below: a box of 200 x 100 at (52, 14).
        Series series = SeriesTest.series(0, 100, 50);
        String svg = new Chart("t", 1, 3).curve("loss", series, false).draw(new Chart.Size(266, 140), false, "linear");
        // 0 to 104 with the padding above; 100 is at 1 - 100/104 of the height.
        assertThat(svg).contains("<path class=\"curve loss\" d=\"M52,114L152,17.8L252,65.9\"/>");
        assertThat(svg)
                .contains(
                        "data-box=\"52 14 200 100\" data-steps=\"1.0 3.0\" data-values=\"0.0 104.0\" data-log=\"false\"");
    }

    @Test
    void shouldBreakTheCurveAtFiguresThatAreNotFiniteAndMarkThem() throws Exception {
        Series series = SeriesTest.series(0, Double.NaN, 100, 50, Double.POSITIVE_INFINITY);
        String svg = new Chart("t", 1, 5)
                .curve("loss", series, false)
                .nonFinite(series.nonFinite())
                .draw(new Chart.Size(266, 140), false, "linear");
        assertThat(svg).contains("d=\"M52,114h0M152,17.8L202,65.9\"");
        assertThat(svg)
                .contains("<path class=\"bad\" d=\"M98,6l8,8m0,-8l-8,8\"><title>not finite: step 2</title></path>");
        assertThat(svg).contains("not finite: step 5");
        parse(svg);
    }

    @Test
    void shouldDrawLogarithmicallyOnlyWhatIsAboveZero() {
        Series series = SeriesTest.series(0, 1, 10, 100);
        String svg = new Chart("t", 1, 4).curve("lr", series, false).draw(new Chart.Size(266, 140), true, "log");
        assertThat(svg).contains("data-log=\"true\"").contains("d=\"M118.7,110.3L185.3,64L252,17.7\"");
        String flat = new Chart("t", 1, 2)
                .curve("lr", SeriesTest.series(0, 0), false)
                .draw(new Chart.Size(266, 140), true, "log");
        assertThat(flat).contains("data-log=\"false\"");
    }

    @Test
    void shouldNameTheFirstStepsThatAreNotFinite() {
        double nan = Double.NaN;
        assertThat(Chart.inWords(SeriesTest.series())).isEmpty();
        assertThat(Chart.inWords(SeriesTest.series(nan))).contains("not finite: step 1");
        assertThat(Chart.inWords(SeriesTest.series(nan, nan))).contains("not finite: 2 steps (1, 2)");
        assertThat(Chart.inWords(SeriesTest.series(nan, nan, nan, nan))).contains("not finite: 4 steps (1, 2, 3, ...)");
    }

    @Test
    void shouldMarkWhereARunWasResumed() {
        RunHistory history = history(30);
        history.add(StepRecord.of(31, 3, 1, 1, 1, 31).withAttempt(2));
        String page = HtmlReport.render(SUMMARY, history);
        assertThat(page)
                .contains("<title>resumed: step 31</title>", "</i>resumed</span>", "<dt>resumed</dt><dd>once</dd>");
        assertThat(HtmlReport.render(SUMMARY, history(30))).doesNotContain("resumed: step", "</i>resumed</span>");
    }

    @Test
    void shouldGiveItsScriptTheSteps() throws Exception {
        RunHistory history = history(2);
        history.add(StepRecord.of(3, Double.NaN, 0.5, 0.001, 1234.5678, 3).withValLoss(2.5));
        String page = HtmlReport.render(SUMMARY, history);
        JsonNode data = new ObjectMapper()
                .readTree(elements(parse(page), "script").getFirst().getTextContent());
        assertThat(data)
                .hasToString("{\"steps\":[1,2,3],\"loss\":[9,6,null],\"smooth\":[9,6,null],\"lr\":[0.002,0.002,0.001],"
                        + "\"grad\":[1,1,0.5],\"speed\":[1000,1000,1234.57],\"valSteps\":[3],\"val\":[2.5]}");
    }

    @Test
    void shouldGiveItsScriptAtMostSomeHundredStepsWithTheLast() throws Exception {
        JsonNode data = new ObjectMapper()
                .readTree(elements(parse(HtmlReport.render(SUMMARY, history(5000))), "script")
                        .getFirst()
                        .getTextContent());
        assertThat(data.get("steps")).hasSize(800);
        assertThat(data.get("steps").get(0).asInt()).isEqualTo(1);
        assertThat(data.get("steps").get(799).asInt()).isEqualTo(5000);
        assertThat(data.get("smooth")).hasSize(800);
    }

    @Test
    void shouldReplaceAnOlderPage() throws IOException {
        Path file = folder.resolve("run/report.html");
        HtmlReport.write(file, SUMMARY, history(2));
        HtmlReport.write(file, SUMMARY, history(3));
        assertThat(file).content().isEqualTo(HtmlReport.render(SUMMARY, history(3)));
        assertThat(Files.list(file.getParent())).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0 -> 0", "12.34 -> 12.3", "12.96 -> 13", "-0.04 -> 0", "-3.25 -> -3.2", "-0.5 -> -0.5"})
    void shouldWriteShortCoordinates(String example) {
        String[] sides = example.split(" -> ");
        assertThat(Markup.coordinate(Double.parseDouble(sides[0]))).isEqualTo(sides[1]);
    }

    private static RunHistory history(int steps) {
        RunHistory history = new RunHistory();
        for (int step = 1; step <= steps; step++) {
            StepRecord record = StepRecord.of(step, 3 + 6.0 / step, 1, 2e-3, 1000, step);
            history.add(step % 100 == 0 ? record.withValLoss(4) : record);
        }
        return history;
    }

    private static Document parse(String page) throws Exception {
        DocumentBuilder builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        builder.setErrorHandler(null);
        return builder.parse(new InputSource(new StringReader(page)));
    }

    private static List<Element> elements(Document document, String name) {
        NodeList nodes = document.getElementsByTagName(name);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            elements.add((Element) nodes.item(i));
        }
        return elements;
    }
}
