package dev.braid.parallelism.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class MeasuredStepTest {
    private static final long SECOND = 1_000_000_000L;

    /** Any time of {@link System#nanoTime}. */
    private static final long ORIGIN = -5 * SECOND;

    /** Times in seconds: start and end of each action. */
    private static List<MeasuredAction> rank(Schedule schedule, int rank, double... times) {
        List<MeasuredAction> measured = new ArrayList<>();
        for (Action action : schedule.actions(rank)) {
            int place = 2 * measured.size();
            measured.add(new MeasuredAction(
                    action, ORIGIN + (long) (times[place] * SECOND), ORIGIN + (long) (times[place + 1] * SECOND)));
        }
        return measured;
    }

    /** Rank 0 waits for one second, rank 1 for one before and for one in between. */
    private static MeasuredStep step(boolean settles) {
        Schedule order = TestSchedules.of(StageMap.linear(2), 1, "0F0 0B0", "1F0 1I0 1W0");
        Schedule schedule = new Schedule(order.name(), order.map(), 1, order.ranks(), settles);
        return new MeasuredStep(
                schedule, List.of(rank(schedule, 0, 0, 1, 5, 8), rank(schedule, 1, 1, 2, 3, 5, 5, 5.5)));
    }

    @Test
    void shouldMeasureTheBubbleFromTheFirstActionToTheLast() {
        MeasuredStep step = step(true);
        assertThat(step.makespan()).isEqualTo(8);
        assertThat(step.work(0)).isEqualTo(4);
        assertThat(step.work(1)).isEqualTo(3.5);
        assertThat(step.bubbleRate()).isEqualTo(4.0 / 8);
    }

    /** Rank 0 takes 8 seconds from its first action to its last one, rank 1 takes 4.5. */
    @Test
    void shouldMeasureTheSpanWhereRanksDoNotSettle() {
        assertThat(step(false).span()).isEqualTo(8);
        assertThat(step(false).bubbleRate()).isEqualTo(4.0 / 8);
    }

    @Test
    void shouldCountFromTheFirstStart() {
        assertThat(step(true).timed().get(1).getFirst())
                .isEqualTo(new TimedAction(new Action(Action.Kind.F, 1, 0), 1, 2));
    }

    @Test
    void shouldTakeTheMeanOfEachStage() {
        Schedule schedule = Schedules.of(ScheduleName.ZB_H1, 1, 2);
        assertThat(schedule.actions(0)).hasToString("[0F0, 0I0, 0W0, 0F1, 0I1, 0W1]");
        MeasuredStep step =
                new MeasuredStep(schedule, List.of(rank(schedule, 0, 0, 1, 1, 3, 3, 3.5, 4, 7, 7, 9, 9, 10.5)));
        assertThat(step.costs(0.25)).isEqualTo(new StageCosts(List.of(new StageCosts.Stage(2, 2, 1, 0, 0)), 0.25));
    }

    @Test
    void shouldTakeABackwardAsOneHalf() {
        assertThat(step(true).costs(0).stages())
                .containsExactly(new StageCosts.Stage(1, 3, 0, 0, 0), new StageCosts.Stage(1, 2, 0.5, 0, 0));
    }

    /** A simulation with the measured costs of a step that lost no time is that step. */
    @Test
    void shouldGiveTheSimulationItsTimesBack() {
        Schedule schedule = Schedules.of(ScheduleName.ZB_V, 4, 8);
        Simulation simulated = Simulator.run(schedule, StageCosts.equal(8, 2, 2, 2, 2, 0), Overlap.IN_TURN);
        List<List<MeasuredAction>> ranks = simulated.ranks().stream()
                .map(rank -> rank.stream()
                        .map(each -> new MeasuredAction(
                                each.action(), (long) (each.start() * SECOND), (long) (each.end() * SECOND)))
                        .toList())
                .toList();
        MeasuredStep step = new MeasuredStep(schedule, ranks);
        assertThat(step.timed()).isEqualTo(simulated.ranks());
        assertThat(step.bubbleRate()).isCloseTo(simulated.bubbleRate(), within(1e-12));
        Simulation again = Simulator.run(schedule, step.costs(0), Overlap.IN_TURN);
        assertThat(again.makespan()).isEqualTo(simulated.makespan());
    }

    @Test
    void shouldTravelAsBytes() {
        MeasuredStep step = step(true);
        List<byte[]> bytes = step.ranks().stream().map(MeasuredStep::encode).toList();
        assertThat(MeasuredStep.decode(step.schedule(), bytes)).isEqualTo(step);
    }

    /** One rank, two stages: F and B share four seconds, one of which is the forward's. */
    private static MeasuredStep pair() {
        Schedule schedule = TestSchedules.of(StageMap.looped(1, 2), 2, "0F0 1F0 (0F1;1B0) 0B0 1F1 1B1 0B1");
        List<MeasuredAction> measured =
                new ArrayList<>(rank(schedule, 0, 0, 1, 1, 2, 2, 6, 2, 6, 6, 8, 8, 9, 9, 11, 11, 13));
        for (int place : new int[] {2, 3}) {
            MeasuredAction whole = measured.get(place);
            measured.set(
                    place,
                    new MeasuredAction(
                            whole.action(), whole.startNanos(), whole.endNanos(), (place == 2 ? 1 : 3) * SECOND));
        }
        return new MeasuredStep(schedule, List.of(measured));
    }

    /** 1B takes three seconds as one of a pair and two alone. */
    @Test
    void shouldCountOfAPairWhatEachTook() {
        assertThat(pair().work(0)).isEqualTo(13);
        assertThat(pair().costs(0).stages())
                .containsExactly(new StageCosts.Stage(1, 2, 0, 0, 0), new StageCosts.Stage(1, 2.5, 0, 0, 0));
        assertThat(pair().timed().getFirst().subList(2, 4))
                .extracting(TimedAction::start, TimedAction::end)
                .containsOnly(tuple(2.0, 6.0));
    }

    @Test
    void shouldTellWhetherPairsTookTurns() {
        assertThat(pair().overlap()).isEqualTo(Overlap.TOGETHER);
        assertThat(step(true).overlap()).isEqualTo(Overlap.IN_TURN);
    }

    @Test
    void shouldTravelAsBytesWithWhatEachOfAPairTook() {
        MeasuredStep step = pair();
        List<byte[]> bytes = step.ranks().stream().map(MeasuredStep::encode).toList();
        assertThat(MeasuredStep.decode(step.schedule(), bytes)).isEqualTo(step);
    }

    @Test
    void shouldRefuseTimesOfOtherActions() {
        MeasuredStep step = step(true);
        List<byte[]> one = List.of(MeasuredStep.encode(step.ranks().get(0)), new byte[48]);
        assertThatThrownBy(() -> MeasuredStep.decode(step.schedule(), one))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rank 1 of schedule hand-made has run 2 actions [1F0, 1I0], and not the 3 actions"
                        + " [1F0, 1I0, 1W0]");
        assertThatThrownBy(() -> new MeasuredStep(
                        step.schedule(), Collections.nCopies(1, step.ranks().get(0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rank 1 of schedule hand-made has run 0 actions []");
    }
}
