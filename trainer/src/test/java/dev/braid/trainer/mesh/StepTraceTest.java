package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.trainer.train.TrainingEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The second step of a run on a mesh, as its ranks recorded it. */
class StepTraceTest {
    private static final double NANOSECOND = 1e-3;

    @TempDir
    private Path folder;

    private MeshRun run;

    @BeforeEach
    void start() {
        run = new MeshRun(folder, "train.trace=2");
    }

    @Test
    void shouldShowTheLanesOfBothRanks() throws Exception {
        run.trainTo("shard=2", 3);
        // How many collectives overlap, and so how many lanes an axis has, is a matter of time.
        assertThat(lanes().keySet().stream()
                        .map(lane -> lane.replaceFirst("(in flight: [a-z]+) [0-9]+$", "$1"))
                        .distinct())
                .containsExactly(
                        "rank 0: shard 0: compute",
                        "rank 0: shard 0: in flight: shard",
                        "rank 0: shard 0: in flight: world",
                        "rank 0: shard 0: phases",
                        "rank 0: shard 0: waits",
                        "rank 1: shard 1: compute",
                        "rank 1: shard 1: in flight: shard",
                        "rank 1: shard 1: in flight: world",
                        "rank 1: shard 1: phases",
                        "rank 1: shard 1: waits");
        assertThat(folder.resolve("trace-step-2.json.parts")).doesNotExist();
        assertThat(run.events())
                .contains(new TrainingEvent.Note(
                        "trace of step 2: " + folder.resolve("trace-step-2.json") + " (open it in ui.perfetto.dev)"));
    }

    @Test
    void shouldShowThePhasesOfTheStepOneAfterTheOther() throws Exception {
        run.trainTo("shard=2,zero=1", 3);
        List<Event> phases = lanes().get("rank 0: shard 0: phases");
        assertThat(phases)
                .extracting(Event::name)
                .containsExactly("begin", "forward", "backward", "reduce", "norm", "optimizer", "publish");
        requireApart(phases);
    }

    @Test
    void shouldPutWhatTheRankDidInsideTheStepAndNeverTwoThingsAtATime() throws Exception {
        run.trainTo("shard=2,zero=1", 3);
        Map<String, List<Event>> lanes = lanes();
        lanes.forEach((name, events) -> {
            List<Event> phases = lanes.get(name.replaceFirst("shard ([01]):.*", "shard $1: phases"));
            double first = phases.getFirst().start;
            double last = phases.getLast().end();
            requireApart(events);
            assertThat(events).as(name).allSatisfy(event -> {
                assertThat(event.start).isGreaterThanOrEqualTo(first - NANOSECOND);
                if (!name.contains("in flight")) {
                    assertThat(event.end()).isLessThanOrEqualTo(last + NANOSECOND);
                }
            });
        });
    }

    @Test
    void shouldShowWaitsForTensorRanksAsWaitsAndNotAsComputation() throws Exception {
        run.trainTo("tensor=2", 3);
        assertThat(lanes().get("rank 1: tensor 1: compute"))
                .extracting(Event::name)
                .contains("attention.forward", "adamw")
                .noneMatch(name -> name.startsWith("tensor."));
        assertThat(lanes().get("rank 1: tensor 1: waits"))
                .extracting(Event::name)
                .contains("wait for tensor");
        assertThat(lanes().get("rank 1: tensor 1: in flight: tensor")).isNotEmpty();
    }

    @Test
    void shouldTraceARankAlone() throws Exception {
        run.trainTo("", 3);
        assertThat(lanes().keySet())
                .contains("rank 0: the only rank: compute", "rank 0: the only rank: phases")
                .noneMatch(lane -> lane.contains("in flight"));
    }

    @Test
    void shouldGoOnWhenTheTraceCannotBeWritten() throws Exception {
        Files.writeString(folder.resolve("trace-step-2.json.parts"), "a file where the folder of parts would be");
        run.trainTo("shard=2", 3);
        assertThat(run.events())
                .anySatisfy(event -> assertThat(event)
                        .isInstanceOfSatisfying(
                                TrainingEvent.Note.class,
                                note -> assertThat(note.text())
                                        .startsWith("the trace of step 2 is not complete in ")
                                        .contains("; rank 1: ")))
                .anySatisfy(event -> assertThat(event)
                        .isInstanceOfSatisfying(
                                TrainingEvent.Stepped.class,
                                step -> assertThat(step.step()).isEqualTo(3)));
    }

    @Test
    void shouldTellHowLongEachStepWaitedByAxis() throws Exception {
        run.trainTo("replicate=2,shard=2", 3);
        List<TrainingEvent.Stepped> steps = run.events().stream()
                .filter(TrainingEvent.Stepped.class::isInstance)
                .map(TrainingEvent.Stepped.class::cast)
                .toList();
        assertThat(steps).hasSize(3).allSatisfy(step -> {
            assertThat(step.exposedSeconds()).containsOnlyKeys("replicate", "shard", "world");
            double waited = step.exposedSeconds().values().stream()
                    .mapToDouble(Double::doubleValue)
                    .sum();
            assertThat(waited).isPositive().isLessThan(step.stepSeconds());
        });
    }

    /** One event of a lane, in microseconds. */
    private record Event(String name, double start, double duration) {
        double end() {
            return start + duration;
        }
    }

    private static void requireApart(List<Event> events) {
        for (int i = 1; i < events.size(); i++) {
            assertThat(events.get(i).start)
                    .as("%s after %s", events.get(i), events.get(i - 1))
                    .isGreaterThanOrEqualTo(events.get(i - 1).end() - NANOSECOND);
        }
    }

    /** Events by process and thread. */
    private Map<String, List<Event>> lanes() {
        Map<Integer, String> processes = new TreeMap<>();
        Map<String, String> threads = new TreeMap<>();
        Map<String, List<Event>> lanes = new TreeMap<>();
        for (JsonNode event : read().get("traceEvents")) {
            int process = event.get("pid").asInt();
            String thread = process + "." + event.get("tid").asInt();
            switch (event.get("name").asText()) {
                case "process_name" ->
                    processes.put(process, event.at("/args/name").asText());
                case "thread_name" ->
                    threads.put(
                            thread,
                            processes.get(process) + ": "
                                    + event.at("/args/name").asText());
                default -> {
                    if (event.get("ph").asText().equals("X")) {
                        lanes.computeIfAbsent(threads.get(thread), name -> new ArrayList<>())
                                .add(new Event(
                                        event.get("name").asText(),
                                        event.get("ts").asDouble(),
                                        event.get("dur").asDouble()));
                    }
                }
            }
        }
        return lanes;
    }

    private JsonNode read() {
        try {
            return new ObjectMapper().readTree(Files.readString(folder.resolve("trace-step-2.json")));
        } catch (IOException failure) {
            throw new AssertionError("there is no trace", failure);
        }
    }
}
