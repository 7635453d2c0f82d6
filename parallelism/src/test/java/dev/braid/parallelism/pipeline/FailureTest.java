package dev.braid.parallelism.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.Wires;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is left of a step that fails on one rank: an error with its name on the others, and no memory in use. */
class FailureTest {
    /** Rank 1 of a schedule on four ranks fails in its warm-up, its steady phase, and when it drains. */
    @ParameterizedTest
    @CsvSource({
        "ONE_F_ONE_B, 1F1", "ONE_F_ONE_B, 1B2", "ONE_F_ONE_B, 1B7",
        "ZB_H1, 1F2", "ZB_H1, 1I3", "ZB_H1, 1W7",
        "ZB_V, 6F0", "ZB_V, 6I2", "ZB_V, 1W6",
        "DUALPIPE, 2F4", "DUALPIPE, 1B0", "DUALPIPE, 1W3"
    })
    void shouldGiveEverythingBackAndNameTheRank(ScheduleName name, String action) throws Exception {
        Schedule schedule = Schedules.of(name, 4, 8);
        try (LocalWorld world = LocalWorld.of(Wires.IN_PLACE, 4)) {
            PipelineRank[] pipeline = new PipelineRank[4];
            world.each(rank -> pipeline[rank.rank()] = PipelineRank.of(rank, schedule, true));
            long before = PipelineRank.live(world);
            world.each(rank -> {
                PipelineExecutor executor = pipeline[rank.rank()].executor();
                if (rank.rank() == 1) {
                    Failing failing = new Failing(action, RankActions.of(schedule, 1));
                    executor.record(failing);
                    pipeline[1].model().record(failing);
                    Throwable cause = catchThrowable(executor::run);
                    assertThat(cause).hasMessage("no memory for " + action);
                    rank.fabric().abort(cause.getMessage());
                } else {
                    assertThatThrownBy(() -> {
                                executor.run();
                                rank.world().barrier().await();
                            })
                            .isInstanceOf(CommunicationException.class)
                            .hasMessageContaining("rank 1 aborts: no memory for " + action);
                }
            });
            assertThat(PipelineRank.live(world)).isLessThanOrEqualTo(before);
            assertThatThrownBy(() -> pipeline[1].executor().run())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the pipeline has failed before");
        }
    }

    /** Rank 1 takes nothing in its warm-up, and all four forwards of rank 0 are on their way to it. */
    @Test
    void shouldGiveEverythingBackWhenADiscardFails() throws Exception {
        Schedule schedule = Schedules.of(ScheduleName.GPIPE, 2, 4);
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            PipelineRank[] pipeline = new PipelineRank[2];
            world.each(rank -> pipeline[rank.rank()] = PipelineRank.of(rank, schedule, false));
            long before = PipelineRank.live(world);
            world.each(rank -> pipeline[rank.rank()].executor().warmUp());
            world.ranks.get(1).fabric().abort("the data has ended");
            assertThatThrownBy(pipeline[1].executor()::discard)
                    .isInstanceOf(CommunicationException.class)
                    .hasMessageContaining("the data has ended");
            while (world.ranks.get(0).fabric().failure().isEmpty()) {
                Thread.onSpinWait();
            }
            // What it has sent may have left before.
            assertThat(catchThrowable(pipeline[0].executor()::discard))
                    .satisfiesAnyOf(
                            none -> assertThat(none).isNull(),
                            failure -> assertThat(failure).isInstanceOf(CommunicationException.class));
            assertThat(PipelineRank.live(world)).isLessThanOrEqualTo(before);
        }
    }

    /** What the caller does between a warm-up and the rest of the step has failed; with one rank nothing is on its way. */
    @Test
    void shouldGiveAWarmUpBackWhenItIsAbandoned() throws Exception {
        Schedule schedule = Schedules.of(ScheduleName.ZB_H1, 1, 2);
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 1)) {
            PipelineExecutor executor =
                    PipelineRank.of(world.ranks.getFirst(), schedule, false).executor();
            long before = PipelineRank.live(world);
            executor.warmUp();
            assertThat(PipelineRank.live(world)).isGreaterThan(before);

            executor.abandon();
            executor.abandon();

            assertThat(PipelineRank.live(world)).isEqualTo(before);
            assertThatThrownBy(executor::finish)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the pipeline has failed before");
        }
    }

    @Test
    void shouldGiveEverythingBackWhenAnEvaluationFails() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            PipelineRank[] pipeline = new PipelineRank[2];
            world.each(rank ->
                    pipeline[rank.rank()] = PipelineRank.of(rank, Schedules.of(ScheduleName.GPIPE, 2, 2), false));
            long before = PipelineRank.live(world);
            world.each(rank -> {
                PipelineExecutor executor = pipeline[rank.rank()].executor();
                if (rank.rank() == 0) {
                    Failing failing = new Failing(
                            "0F3",
                            ForwardOrder.of(StageMap.linear(2), 6).ranks().getFirst());
                    executor.record(failing);
                    pipeline[0].model().record(failing);
                    assertThatThrownBy(() -> executor.evaluate(6)).hasMessage("no memory for 0F3");
                    rank.fabric().abort("its model has failed");
                } else {
                    assertThatThrownBy(() -> executor.evaluate(6))
                            .isInstanceOf(CommunicationException.class)
                            .hasMessageContaining("rank 0 aborts: its model has failed");
                }
            });
            assertThat(PipelineRank.live(world)).isLessThanOrEqualTo(before);
        }
    }

    /** An interrupt ends the wait for rank 0, and with it the attempt. */
    @Test
    void shouldEndWhenItIsInterrupted() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            PipelineRank[] pipeline = new PipelineRank[2];
            world.each(rank ->
                    pipeline[rank.rank()] = PipelineRank.of(rank, Schedules.of(ScheduleName.GPIPE, 2, 2), false));
            long before = PipelineRank.live(world);
            world.each(rank -> {
                if (rank.rank() == 1) {
                    Thread.currentThread().interrupt();
                    assertThatThrownBy(pipeline[1].executor()::run)
                            .isInstanceOf(CommunicationException.class)
                            .hasMessageStartingWith(
                                    "rank 1 of the pipeline waits for the outputs of stage 0,"
                                            + " micro-batch 0: point_to_point 0 of group world (ranks [0, 1]), 256 bytes of f32")
                            .hasMessageContaining("rank 1 was interrupted while it waited for point_to_point");
                    assertThat(Thread.interrupted()).isTrue();
                }
            });
            assertThat(PipelineRank.live(world)).isLessThanOrEqualTo(before);
        }
    }

    @Test
    void shouldRefuseWhatAStageHasNotSaidThatItPassesOn() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            world.each(rank -> {
                PipelineRank mine = PipelineRank.of(rank, Schedules.of(ScheduleName.GPIPE, 2, 2), false);
                if (rank.rank() == 0) {
                    mine.model().passOnAs("state");
                    assertThatThrownBy(mine.executor()::run)
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("stage 0 passes on {state=F32[4, 16]} for micro-batch 0, but has said"
                                    + " that it would pass on [Passed[name=hidden, dtype=F32, shape=[4, 16]");
                }
            });
        }
    }

    @Test
    void shouldNameAnActionThatComesTooEarly() throws Exception {
        Schedule schedule = TestSchedules.of(StageMap.linear(1), 1, "0B0 0F0");
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 1)) {
            PipelineExecutor executor =
                    PipelineRank.of(world.ranks.getFirst(), schedule, false).executor();
            assertThatThrownBy(executor::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("rank 0 of schedule hand-made comes to 0B0 without having run stage 0 forward for"
                            + " micro-batch 0");
        }
    }
}
