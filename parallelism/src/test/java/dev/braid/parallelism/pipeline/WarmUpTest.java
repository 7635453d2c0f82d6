package dev.braid.parallelism.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.Wires;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The beginning of a step that can be thrown away. */
class WarmUpTest {
    @Test
    void shouldBeTheForwardsBeforeAnyBackward() {
        assertThat(WarmUp.of(Schedules.of(ScheduleName.ZB_H1, 4, 8)).lengths()).containsExactly(4, 3, 2, 1);
        assertThat(WarmUp.of(Schedules.of(ScheduleName.ZB_H2, 4, 8)).lengths()).containsExactly(7, 5, 3, 1);
    }

    /** Without a queue the loss adds to the head's gradient in forward, which could not be taken back. */
    @Test
    void shouldLeaveOutALossThatAddsToGradients() {
        assertThat(WarmUp.of(Schedules.of(ScheduleName.ONE_F_ONE_B, 4, 8)).lengths())
                .containsExactly(4, 3, 2, 0);
        assertThat(WarmUp.of(Schedules.of(ScheduleName.GPIPE, 2, 3)).lengths()).containsExactly(3, 0);
    }

    /** Rank 0 runs 0F0 0F1 0F2 3F0 and then 3I0; rank 1 runs 1F0 2F0 1F1 2F1 and then 2I0, which waits for 3I0. */
    @Test
    void shouldGoOnIntoLaterStagesOfTheSameRank() {
        assertThat(WarmUp.of(Schedules.of(ScheduleName.ZB_V, 2, 4)).lengths()).containsExactly(4, 4);
    }

    /** Rank 1 runs 2F1 after 2I0 only, and so rank 0 can't run 3F1 in its beginning. */
    @Test
    void shouldEndWhereAnotherRankHasABackwardFirst() {
        Schedule schedule = TestSchedules.of(
                StageMap.vShaped(2), 2, "0F0 0F1 3F0 3F1 3I0 3W0 3B1 0B0 0B1", "1F0 2F0 1F1 2I0 2W0 2F1 2B1 1B0 1B1");
        assertThat(WarmUp.of(schedule).lengths()).containsExactly(3, 3);
    }

    @Test
    void shouldEndBeforeAPair() {
        Schedule schedule = TestSchedules.of(StageMap.linear(1), 2, "0F0 (0F1;0B0) 0I1 0W1");
        assertThat(WarmUp.of(schedule).lengths()).containsExactly(1);
    }

    /** Of the schedule on two ranks above, rank 0 has sent micro-batch 2 ahead, and rank 1 micro-batch 1 on its way back. */
    @Test
    void shouldKnowWhatIsSentAheadOfWhatIsTaken() {
        WarmUp beginnings = WarmUp.of(Schedules.of(ScheduleName.ZB_V, 2, 4));
        assertThat(beginnings.left(1)).containsExactly(new Edge(true, 0, 2));
        assertThat(beginnings.left(0)).containsExactly(new Edge(true, 2, 1));
    }

    /** Two warm-ups are thrown away, of which nothing is to be seen: not in memory, in messages, or in gradients. */
    @ParameterizedTest
    @EnumSource(ScheduleName.class)
    void shouldLeaveNothingBehindWhenItIsDiscarded(ScheduleName name) throws Exception {
        Schedule schedule = Schedules.of(name, 4, 8);
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 4)) {
            PipelineRank[] pipeline = new PipelineRank[4];
            world.each(rank -> pipeline[rank.rank()] = PipelineRank.of(rank, schedule, true));
            long before = PipelineRank.live(world);
            for (int time = 0; time < 2; time++) {
                world.each(rank -> {
                    pipeline[rank.rank()].executor().warmUp();
                    pipeline[rank.rank()].executor().discard();
                });
                assertThat(PipelineRank.live(world)).isEqualTo(before);
            }
            world.each(rank -> {
                pipeline[rank.rank()].executor().warmUp();
                pipeline[rank.rank()].executor().finish();
            });
            assertThat(PipelineRank.live(world)).isEqualTo(before);
            OneRank.expectItsBits(pipeline, schedule, 0, ToyModel.ROWS, true);
        }
    }

    /** A unit that is held open hears of its gradient once: the passes that were thrown away do not count, nor are they missing. */
    @Test
    void shouldEndTheUsesOfUnits() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            world.each(rank -> {
                PipelineRank mine = PipelineRank.of(rank, Schedules.of(ScheduleName.ZB_H1, 2, 4), false);
                mine.model().holdUnitsOpen();
                mine.executor().warmUp();
                mine.executor().discard();
                mine.executor().run();
                assertThat(mine.model().completeUnits).containsExactly("stage." + rank.rank());
            });
        }
    }

    @Test
    void shouldRefuseCallsOutOfTurn() throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            world.each(rank -> {
                PipelineExecutor executor = PipelineRank.of(rank, Schedules.of(ScheduleName.GPIPE, 2, 2), false)
                        .executor();
                for (Runnable early : List.<Runnable>of(executor::finish, executor::discard)) {
                    assertThatThrownBy(early::run)
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessage("no step has been warmed up");
                }
                executor.warmUp();
                for (Runnable again : List.<Runnable>of(executor::warmUp, executor::run, () -> executor.evaluate(1))) {
                    assertThatThrownBy(again::run)
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessage("a step has been warmed up: finish or discard it first");
                }
                executor.finish();
            });
        }
    }
}
