package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.MeasuredAction;
import dev.braid.parallelism.pipeline.MeasuredStep;
import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.StageCosts;
import dev.braid.parallelism.pipeline.TimedAction;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

final class ScheduleChartTest {
    private static final Schedule DUALPIPE = Schedules.of(ScheduleName.DUALPIPE, 2, 4);

    private static Simulation simulated() {
        return Simulator.run(DUALPIPE, StageCosts.equal(2, 1, 1, 1, 1, 0), Overlap.TOGETHER);
    }

    /** The boxes of actions: those that say when they ran. */
    private static List<Element> boxes(String svg) throws Exception {
        NodeList all = DocumentBuilderFactory.newDefaultInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)))
                .getElementsByTagName("rect");
        return IntStream.range(0, all.getLength())
                .mapToObj(all::item)
                .filter(Node::hasChildNodes)
                .map(Element.class::cast)
                .toList();
    }

    private static String kind(Element box) {
        return ((Element) box.getParentNode()).getAttribute("class");
    }

    /** Twelve units over 1000 - 62 - 14 columns: a forward is 77 wide. */
    @Test
    void shouldDrawABoxForEachAction() throws Exception {
        List<Element> boxes = boxes(ScheduleChart.page(simulated()));
        assertThat(boxes)
                .hasSize(DUALPIPE.actions(0).size() + DUALPIPE.actions(1).size());
        Element first = boxes.getFirst();
        assertThat(first.getTextContent()).isEqualTo("F0>: 0 to 1");
        assertThat(first.getAttribute("x")).isEqualTo("62");
        assertThat(first.getAttribute("width")).isEqualTo("77");
        assertThat(kind(first)).isEqualTo("F");
        assertThat(kind(boxes.get(1))).as("from the other end").isEqualTo("F light");
    }

    @Test
    void shouldDrawTheForwardOfAPairAboveItsBackward() throws Exception {
        List<Element> pair = boxes(ScheduleChart.page(simulated())).subList(4, 6);
        assertThat(pair).extracting(ScheduleChartTest::kind).containsExactly("F light half", "B half");
        assertThat(pair).extracting(box -> box.getAttribute("height")).containsExactly("10", "10");
        assertThat(pair).extracting(box -> box.getAttribute("y")).containsExactly("6", "16");
        assertThat(pair.get(0).getAttribute("x")).isEqualTo(pair.get(1).getAttribute("x"));
    }

    @Test
    void shouldDrawWhatWasMeasuredBelowWhatWasSimulated() throws Exception {
        Schedule schedule = Schedules.of(ScheduleName.GPIPE, 1, 1);
        List<List<TimedAction>> simulated = List.of(List.of(
                new TimedAction(new Action(Action.Kind.F, 0, 0), 0, 1),
                new TimedAction(new Action(Action.Kind.B, 0, 0), 1, 3)));
        List<List<TimedAction>> measured = List.of(List.of(
                new TimedAction(new Action(Action.Kind.F, 0, 0), 0, 2),
                new TimedAction(new Action(Action.Kind.B, 0, 0), 2, 4)));
        String svg = ScheduleChart.draw(
                "a & b",
                schedule,
                List.of(new ScheduleChart.Band("simulated", simulated), new ScheduleChart.Band("measured", measured)));
        List<Element> boxes = boxes(svg);
        assertThat(boxes).extracting(box -> box.getAttribute("y")).containsExactly("6", "6", "28", "28");
        assertThat(boxes).extracting(box -> box.getAttribute("width")).containsExactly("231", "462", "462", "462");
        assertThat(svg).contains("<title>a &amp; b</title>", "from above: simulated, measured");
    }

    /** Forwards took 2 and 4 s, backwards 6: the simulation has both forwards as long as their mean. */
    @Test
    void shouldLayAMeasuredStepBelowTheSimulationOfItsTimes() throws Exception {
        Schedule schedule = Schedules.of(ScheduleName.GPIPE, 1, 2);
        List<MeasuredAction> rank = List.of(
                measured(Action.Kind.F, 0, 100, 102),
                measured(Action.Kind.F, 1, 102, 106),
                measured(Action.Kind.B, 0, 106, 112),
                measured(Action.Kind.B, 1, 112, 118));
        List<Element> boxes = boxes(ScheduleChart.of(new MeasuredStep(schedule, List.of(rank)), 0));
        assertThat(boxes)
                .extracting(Element::getTextContent)
                .containsExactly(
                        "F0: 0 to 3",
                        "F1: 3 to 6",
                        "B0: 6 to 12",
                        "B1: 12 to 18",
                        "F0: 0 to 2",
                        "F1: 2 to 6",
                        "B0: 6 to 12",
                        "B1: 12 to 18");
    }

    private static MeasuredAction measured(Action.Kind kind, int microbatch, long start, long end) {
        return new MeasuredAction(new Action(kind, 0, microbatch), start * 1_000_000_000, end * 1_000_000_000);
    }
}
