package dev.braid.parallelism.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.LocalRank;
import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.Wires;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import dev.braid.parallelism.tensor.GroupExpertAxis;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.ExpertAxis;
import dev.braid.tensor.parameters.ExpertHosts;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.trace.Flight;
import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pairs in stages whose rows travel between two ranks of experts. Place p of pipeline e is rank 2 p + e. */
class PairTest {
    private static final int EXPERTS = 2;

    /** All stages on one rank; what is paired is of two of them. */
    private static final Schedule PAIR =
            TestSchedules.of(StageMap.looped(1, 2), 2, "0F0 1F0 (0F1;1B0) 0B0 1F1 1B1 0B1");

    private static final ExpertHosts ONE_HOST = ExpertHosts.one(EXPERTS);

    /** Four ranks of experts, which hand on rows. */
    private static final ExpertHosts TWO_HOSTS = ExpertHosts.of(List.of("a", "a", "b", "b"));

    /** Numbers the exchanges of rows, and writes down when each starts and when somebody waits for it. */
    private static final class Noted implements ExpertAxis {
        private final ExpertAxis axis;
        private final List<String> events = new ArrayList<>();
        private final String failing;

        /** From the first one of the pair on; before it there are two forwards: there, where rows are handed on once more, and back. */
        private int started;

        Noted(ExpertAxis axis, String failing) {
            this.axis = axis;
            this.failing = failing;
            this.started = axis.hosts().relays() ? -6 : -4;
        }

        @Override
        public int ranks() {
            return axis.ranks();
        }

        @Override
        public int rank() {
            return axis.rank();
        }

        @Override
        public ExpertHosts hosts() {
            return axis.hosts();
        }

        @Override
        public TensorAxis.Transfer exchange(Tensor sent, long[] sentCounts, Tensor received, long[] receivedCounts) {
            if (received.shape().columns() != ToyModel.COLUMNS) {
                return axis.exchange(sent, sentCounts, received, receivedCounts);
            }
            int number = started++;
            note("start " + number);
            TensorAxis.Transfer transfer = axis.exchange(sent, sentCounts, received, receivedCounts);
            return () -> {
                note("wait " + number);
                transfer.await();
            };
        }

        /** Operations among the exchanges. */
        private final Recorder operations = new Recorder() {
            @Override
            public void span(Span.Kind kind, String name, long startNanos, long endNanos) {
                events.add(name);
            }

            @Override
            public void flight(Flight flight) {}
        };

        private void note(String event) {
            events.add(event);
            if (event.equals(failing)) {
                throw new IllegalStateException("no memory to " + event);
            }
        }
    }

    /** A rank of a pipeline, and its axis of experts. */
    private record Rank(PipelineRank pipeline, Noted axis) {
        static Rank of(LocalRank local, Schedule schedule, String failing, boolean recompute) {
            return of(local, schedule, failing, recompute, ONE_HOST);
        }

        static Rank of(LocalRank local, Schedule schedule, String failing, boolean recompute, ExpertHosts hosts) {
            int places = schedule.map().ranks();
            int width = hosts.ranks();
            int place = local.rank() / width;
            int expert = local.rank() % width;
            List<Integer> pipeline = IntStream.range(0, places)
                    .map(each -> each * width + expert)
                    .boxed()
                    .toList();
            List<Integer> experts = IntStream.range(0, width)
                    .map(each -> place * width + each)
                    .boxed()
                    .toList();
            ExposedTime exposed = new ExposedTime();
            Noted axis = new Noted(
                    new GroupExpertAxis(local.fabric().group("experts-" + place, experts), hosts, exposed), failing);
            ToyModel model = new ToyModel(
                    local.memory(),
                    schedule.map().stagesOf(place),
                    schedule.map().stages(),
                    schedule.microbatches(),
                    ToyModel.ROWS,
                    false);
            model.exchangeRowsOver(axis, recompute);
            PipelineExecutor executor = new PipelineExecutor(
                    schedule, model, local.fabric().group("pipeline-" + expert, pipeline), local.memory(), exposed);
            return new Rank(new PipelineRank(place, model, executor, exposed), axis);
        }
    }

    /** What rank 0 does from the third exchange of rows on: those of 0F1 and 1B0. */
    private static List<String> events(Schedule schedule) throws Exception {
        return events(schedule, false, ONE_HOST, 8);
    }

    private static List<String> events(Schedule schedule, boolean recompute, ExpertHosts hosts, int count)
            throws Exception {
        List<String> events = new ArrayList<>();
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, hosts.ranks())) {
            world.each(local -> {
                Rank mine = Rank.of(local, schedule, "", recompute, hosts);
                mine.pipeline.executor().run();
                if (local.rank() == 0) {
                    events.addAll(mine.axis.events);
                }
            });
        }
        int from = events.indexOf("start 0");
        return events.subList(from, from + count);
    }

    /** 0F1 sends 0 and 2, 1B0 sends 1 and 3: while one's rows travel, the other computes and sends its own. */
    @Test
    void shouldTakeTurnsWhereRowsTravel() throws Exception {
        assertThat(events(PAIR))
                .containsExactly("start 0", "start 1", "wait 0", "start 2", "wait 1", "start 3", "wait 2", "wait 3");
    }

    @Test
    void shouldRunActionsThatAreNoPairOneAfterTheOther() throws Exception {
        Schedule apart = TestSchedules.of(PAIR.map(), 2, "0F0 1F0 0F1 1B0 0B0 1F1 1B1 0B1");
        assertThat(events(apart))
                .containsExactly("start 0", "wait 0", "start 1", "wait 1", "start 2", "wait 2", "start 3", "wait 3");
    }

    @Test
    void shouldTakeTurnsInOneStageToo() throws Exception {
        Schedule same = TestSchedules.of(PAIR.map(), 2, "0F0 1F0 1B0 (0F1;0B0) 1F1 1B1 0B1");
        assertThat(events(same)).startsWith("start 0", "wait 0", "start 1", "wait 1", "start 2", "start 3", "wait 2");
    }

    @ParameterizedTest
    @CsvSource({"IN_PLACE, DUALPIPE, 2", "FRAMES, DUALPIPE_V, 2", "TCP, DUALPIPE, 4"})
    void shouldGiveTheBitsOfOneRank(Wires wires, ScheduleName name, int places) throws Exception {
        Schedule schedule = Schedules.of(name, places, 3 * places);
        try (LocalWorld world = LocalWorld.of(wires, places * EXPERTS)) {
            long before = PipelineRank.live(world);
            PipelineRank[][] pipelines = new PipelineRank[EXPERTS][places];
            world.each(local -> {
                PipelineRank mine = Rank.of(local, schedule, "", false).pipeline;
                pipelines[local.rank() % EXPERTS][mine.rank()] = mine;
                mine.executor().warmUp();
                mine.executor().discard();
                mine.executor().run();
                mine.model().zeroGradients();
                mine.executor().run();
            });
            assertThat(PipelineRank.live(world)).isEqualTo(before);
            for (PipelineRank[] pipeline : pipelines) {
                for (int direction = 0; direction < schedule.map().directions().size(); direction++) {
                    OneRank.expectItsBits(pipeline, schedule, direction, ToyModel.ROWS, false);
                }
            }
        }
    }

    /** The time of a pair is the sum of what each of the two has taken of it. */
    @Test
    void shouldTellTheTimeOfEachOfAPair() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, EXPERTS)) {
            world.each(local -> {
                PipelineExecutor executor =
                        Rank.of(local, PAIR, "", false).pipeline.executor();
                Spans spans = new Spans();
                executor.record(spans);
                executor.run();
                assertThat(spans.names).containsExactly("0F0", "1F0", "(0F1;1B0)", "0B0", "1F1", "1B1", "0B1");
                MeasuredStep step = new MeasuredStep(PAIR, List.of(executor.measured()));
                MeasuredAction forward = executor.measured().get(2);
                MeasuredAction backward = executor.measured().get(3);
                assertThat(forward.startNanos()).isEqualTo(backward.startNanos());
                assertThat(forward.endNanos()).isEqualTo(backward.endNanos());
                assertThat(forward.nanos() + backward.nanos()).isEqualTo(forward.endNanos() - forward.startNanos());
                assertThat(forward.nanos()).isPositive();
                assertThat(backward.nanos()).isPositive();
                assertThat(step.overlap()).isEqualTo(Overlap.TOGETHER);
            });
        }
    }

    private static final Schedule HALVES =
            TestSchedules.of(PAIR.map(), 2, "0F0 1F0 (0F1;1I0) 0I0 1W0 0W0 1F1 1I1 1W1 0I1 0W1");

    private static final Schedule WHOLE_WITH_QUEUE =
            TestSchedules.of(PAIR.map(), 2, "0F0 1F0 (0F1;1B0) 0B0 1F1 1I1 1W1 0B1");

    /** Weight halves of a B run between its turns where they would otherwise wait in a queue; those of an I go on waiting. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldRunTheWeightHalvesOfAPairByTurnsToo(boolean whole) throws Exception {
        Schedule schedule = whole ? WHOLE_WITH_QUEUE : HALVES;
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, EXPERTS)) {
            PipelineRank[] pipeline = new PipelineRank[1];
            world.each(local -> {
                Rank mine = Rank.of(local, schedule, "", false);
                mine.pipeline.model().record(mine.axis.operations);
                mine.pipeline.executor().run();
                if (local.rank() == 0) {
                    pipeline[0] = mine.pipeline;
                    List<String> events = mine.axis.events;
                    // 1B0 comes by the head before it sends gradients, in its first turn.
                    int head = events.indexOf("head.weight_gradient");
                    String before = whole ? "start 1" : "start 4";
                    String after = whole ? "wait 0" : "start 6";
                    assertThat(head).isBetween(events.indexOf(before), events.indexOf(after));
                    assertThat(events).contains(before, after);
                }
            });
            OneRank.expectItsBits(pipeline, schedule, 0, ToyModel.ROWS, false);
        }
    }

    /** Rank 0 fails at any exchange of either; rank 1 waits for it. */
    @ParameterizedTest
    @ValueSource(strings = {"start 0", "start 1", "wait 0", "start 2", "wait 1", "start 3", "wait 2", "wait 3"})
    void shouldGiveEverythingBackWhenOneOfAPairFails(String event) throws Exception {
        expectAllBack(PAIR, event, false, ONE_HOST);
        expectAllBack(HALVES, event, false, ONE_HOST);
    }

    /** 1B0 first sends its rows again, there and back: 1 and 2. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "start 0", "start 1", "wait 1", "start 2", "wait 2", "start 3", "wait 0", "start 4", "wait 3",
                "start 5", "wait 4", "wait 5"
            })
    void shouldGiveEverythingBackWhenARecomputedPieceFails(String event) throws Exception {
        expectAllBack(PAIR, event, true, ONE_HOST);
    }

    @Test
    void shouldTakeTurnsInTheMidstOfARecomputedPiece() throws Exception {
        assertThat(events(PAIR, true, ONE_HOST, 12))
                .containsExactly(
                        "start 0", "start 1", "wait 1", "start 2", "wait 2", "start 3", "wait 0", "start 4", "wait 3",
                        "start 5", "wait 4", "wait 5");
    }

    /** Between hosts 0 and 1, inside them 2 and 4, and straight back 3 and 5. */
    @Test
    void shouldTakeTurnsBeforeRowsAreHandedOn() throws Exception {
        assertThat(events(PAIR, false, TWO_HOSTS, 12))
                .containsExactly(
                        "start 0", "start 1", "wait 0", "start 2", "wait 2", "start 3", "wait 1", "start 4", "wait 4",
                        "start 5", "wait 3", "wait 5");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "start 0", "start 1", "wait 0", "start 2", "wait 2", "start 3", "wait 1", "start 4", "wait 4",
                "start 5", "wait 3", "wait 5"
            })
    void shouldGiveEverythingBackWhenOneOfAPairFailsOnHosts(String event) throws Exception {
        expectAllBack(PAIR, event, false, TWO_HOSTS);
        expectAllBack(PAIR, event, true, TWO_HOSTS);
    }

    private static void expectAllBack(Schedule schedule, String event, boolean recompute, ExpertHosts hosts)
            throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, hosts.ranks())) {
            Rank[] ranks = new Rank[hosts.ranks()];
            world.each(local ->
                    ranks[local.rank()] = Rank.of(local, schedule, local.rank() == 0 ? event : "", recompute, hosts));
            long before = PipelineRank.live(world);
            world.each(local -> {
                PipelineExecutor executor = ranks[local.rank()].pipeline.executor();
                if (local.rank() == 0) {
                    assertThatThrownBy(executor::run).hasMessage("no memory to " + event);
                    local.fabric().abort("no memory to " + event);
                } else {
                    assertThatThrownBy(() -> {
                                executor.run();
                                local.world().barrier().await();
                            })
                            .isInstanceOf(CommunicationException.class)
                            .hasMessageContaining("rank 0 aborts: no memory to " + event);
                }
            });
            assertThat(PipelineRank.live(world)).isLessThanOrEqualTo(before);
        }
    }
}
