package dev.braid.parallelism.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.LocalRank;
import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.Wires;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import dev.braid.tensor.Category;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PipelineExecutorTest {
    @ParameterizedTest
    @EnumSource(ScheduleName.class)
    void shouldGiveTheBitsOfOneRankOnTwo(ScheduleName name) throws Exception {
        OneRank.expectItsBits(Wires.IN_PLACE, Schedules.of(name, 2, 4), ToyModel.ROWS, false);
    }

    @ParameterizedTest
    @EnumSource(ScheduleName.class)
    void shouldPassOnSeveralTensorsOverFour(ScheduleName name) throws Exception {
        OneRank.expectItsBits(Wires.FRAMES, Schedules.of(name, 4, 8), ToyModel.ROWS, true);
    }

    /** Hidden states of 38 KB, which are asked for before they are sent, or read where they lie. */
    @ParameterizedTest
    @CsvSource({"IN_PLACE, ONE_F_ONE_B", "IN_PLACE, ZB_V", "IN_PLACE, DUALPIPE", "FRAMES, ZB_H1", "TCP, DUALPIPE_V"})
    void shouldPassOnLargeTensors(Wires wires, ScheduleName name) throws Exception {
        OneRank.expectItsBits(wires, Schedules.of(name, 2, 6), 600, true);
    }

    @Test
    void shouldRunAScheduleOfAUserOverSockets() throws Exception {
        Schedule mixed = TestSchedules.of(StageMap.linear(2), 2, "0F0 0F1 0B0 0I1 0W1", "1F0 1I0 1W0 1F1 1B1");
        OneRank.expectItsBits(Wires.TCP, mixed, ToyModel.ROWS, true);
    }

    @Test
    void shouldRunAllStagesOfOneRank() throws Exception {
        Schedule single = TestSchedules.of(StageMap.looped(1, 2), 2, "0F0 1F0 (0F1;1B0) 0B0 1F1 1B1 0B1");
        OneRank.expectItsBits(Wires.IN_PLACE, single, ToyModel.ROWS, true);
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
                    ONE_F_ONE_B, 0, 0.0
                    ONE_F_ONE_B, 1, 1.0
                    ZB_V,        0, 0.0 3.0
                    DUALPIPE,    0, 1.1 0.0
                    """)
    void shouldTellOnceWhenTheGradientsOfAStageAreComplete(ScheduleName name, int rank, String stagesAndDirections)
            throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 2)) {
            Map<Integer, List<List<Integer>>> complete = new TreeMap<>();
            world.each(local -> {
                PipelineRank mine = PipelineRank.of(local, Schedules.of(name, 2, 4), false);
                mine.executor().run();
                synchronized (complete) {
                    complete.put(local.rank(), mine.model().complete);
                }
            });
            List<String> told = complete.get(rank).stream()
                    .map(pair -> pair.getFirst() + "." + pair.getLast())
                    .toList();
            assertThat(told).containsExactlyInAnyOrder(stagesAndDirections.split(" "));
        }
    }

    @Test
    void shouldSayWhenEachActionRan() throws Exception {
        Schedule schedule = Schedules.of(ScheduleName.ONE_F_ONE_B, 2, 2);
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            world.each(local -> {
                PipelineRank mine = PipelineRank.of(local, schedule, false);
                Spans spans = new Spans();
                mine.executor().record(spans);
                mine.executor().run();
                assertThat(mine.executor().measured())
                        .extracting(MeasuredAction::action)
                        .isEqualTo(schedule.actions(local.rank()));
                List<Long> times = new ArrayList<>();
                mine.executor().measured().forEach(each -> {
                    times.add(each.startNanos());
                    times.add(each.endNanos());
                });
                assertThat(times).isSorted();
                assertThat(spans.names)
                        .isEqualTo(schedule.actions(local.rank()).stream()
                                .map(Action::toString)
                                .toList());
            });
        }
    }

    /** Rank 0 begins when rank 1 waits for what 0F0 makes. */
    @Test
    void shouldCountWaitingAsTimeOfThePipeline() throws Exception {
        CompletableFuture<Thread> second = new CompletableFuture<>();
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            world.each(local -> {
                PipelineRank mine = PipelineRank.of(local, Schedules.of(ScheduleName.GPIPE, 2, 2), false);
                if (local.rank() == 0) {
                    while (!waits(second.get())) {
                        Thread.onSpinWait();
                    }
                    mine.executor().run();
                } else {
                    second.complete(Thread.currentThread());
                    mine.executor().run();
                    assertThat(mine.exposed().take()).containsOnlyKeys("pipeline");
                }
            });
        }
    }

    private static boolean waits(Thread thread) {
        return Arrays.stream(thread.getStackTrace())
                .anyMatch(frame -> frame.getClassName().equals(ExposedTime.class.getName()));
    }

    @Test
    void shouldRefuseAScheduleForAnotherNumberOfRanks() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            LocalRank rank = world.ranks.getFirst();
            assertThatThrownBy(() -> PipelineRank.of(rank, Schedules.of(ScheduleName.GPIPE, 4, 4), false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("schedule gpipe is for 4 ranks, the pipeline has 2");
        }
    }

    /** Bytes of a rank's activations, in hand-computed units. */
    private static final int MATRIX = ToyModel.ROWS * ToyModel.COLUMNS * Float.BYTES;

    /** Memory is given out in steps of 64 bytes. */
    private static final int VECTOR = 64;

    /**
     * Of a stage in the middle, the norm keeps its input and a figure a row, the product its input. What the stage made is not kept
     * when it was sent.
     */
    @Test
    void shouldHoldActivationsFromForwardToBackward() throws Exception {
        Schedule schedule = TestSchedules.of(
                StageMap.linear(3),
                4,
                "0F0 0F1 0F2 0B0 0F3 0B1 0B2 0B3",
                "1F0 1F1 1B0 1F2 1B1 1F3 1B2 1B3",
                "2F0 2B0 2F1 2B1 2F2 2B2 2F3 2B3");
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 3)) {
            world.each(local -> {
                PipelineRank mine = PipelineRank.of(local, schedule, false);
                Spans spans = new Spans(() -> local.memory().live(Category.ACTIVATIONS));
                mine.executor().record(spans);
                mine.executor().run();
                if (local.rank() == 1) {
                    long unit = 2 * MATRIX + VECTOR;
                    long last = unit - 2 * ToyModel.COLUMNS * Float.BYTES; // which has one row less
                    assertThat(spans.figures)
                            .containsExactly(unit, 2 * unit, unit, 2 * unit, unit, unit + last, last, 0L);
                }
            });
        }
    }

    /** From I to W, a stage holds what its weights' halves read: the norm's and the product's inputs and the gradients of both. */
    @Test
    void shouldHoldWhatWeightsNeedUntilTheyHaveIt() throws Exception {
        Schedule schedule = TestSchedules.of(
                StageMap.linear(3), 2, "0F0 0F1 0B0 0B1", "1F0 1F1 1I0 1I1 1W0 1W1", "2F0 2B0 2F1 2B1");
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 3)) {
            world.each(local -> {
                PipelineRank mine = PipelineRank.of(local, schedule, false);
                Spans spans = new Spans(() -> local.memory().live(Category.ACTIVATIONS));
                mine.executor().record(spans);
                mine.executor().run();
                if (local.rank() == 1) {
                    long held = 2 * MATRIX + VECTOR;
                    long kept = held + 2 * MATRIX;
                    long row = ToyModel.COLUMNS * Float.BYTES;
                    assertThat(spans.figures)
                            .containsExactly(
                                    held,
                                    2 * held - 2 * row,
                                    kept + held - 2 * row,
                                    2 * kept - 4 * row,
                                    kept - 4 * row,
                                    0L);
                }
            });
        }
    }

    /** What ranks in the middle hold after each action, in a run of any schedule, is what the schedule alone says. */
    @ParameterizedTest
    @EnumSource(
            value = ScheduleName.class,
            names = {"GPIPE", "ONE_F_ONE_B", "ZB_H1", "ZB_H2", "ZB_1P", "ZB_2P"})
    void shouldHoldWhatTheScheduleSays(ScheduleName name) throws Exception {
        Schedule schedule = Schedules.of(name, 4, 8);
        boolean queued = schedule.actions(1).stream().anyMatch(action -> action.kind() == Action.Kind.W);
        double held = 2 * MATRIX + VECTOR;
        StageCosts.Stage stage = new StageCosts.Stage(1, 1, 1, held, queued ? held + 2 * MATRIX : 0);
        StageCosts costs = new StageCosts(Collections.nCopies(4, stage), 0);
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 4)) {
            world.each(local -> {
                PipelineRank mine = PipelineRank.of(local, schedule, false);
                Spans spans = new Spans(() -> local.memory().live(Category.ACTIVATIONS));
                mine.executor().record(spans);
                mine.executor().run();
                if (local.rank() == 1 || local.rank() == 2) {
                    double[] expected = ActivationMemory.after(schedule.actions(local.rank()), costs);
                    // The last micro-batch has a row less in each matrix.
                    int whole = schedule.actions(local.rank()).indexOf(new Action(Action.Kind.F, local.rank(), 7));
                    assertThat(spans.figures.subList(0, whole))
                            .containsExactly(Arrays.stream(expected)
                                    .limit(whole)
                                    .mapToObj(Math::round)
                                    .toArray(Long[]::new));
                }
            });
        }
    }
}
