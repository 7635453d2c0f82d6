package dev.braid.parallelism.pipeline.schedules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.ScheduleValidator;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** ZB-V by hand and by search. */
class ZeroBubbleVTest {
    @Test
    void shouldHaveTheOrderByHandWhereAllTakeTheSameTime() {
        ScheduleRequest request = ScheduleRequest.of(2, 4).withCosts(StageCosts.equal(4, 2, 1, 1, 1, 0));
        assertThat(ScheduleNotation.of(Schedules.of(ScheduleName.ZB_V, request)).rank(0))
                .isEqualTo(
                        "0F0 0F1 0F2 3F0 3I0 3W0 3F1 3I1 3W1 0F3 0I0 0W0 3F2 3I2 3W2 0I1 0W1 3F3 3I3 3W3 0I2 0W2 0I3 0W3");
    }

    @Test
    void shouldSearchWhereMicrobatchesAreTooFewForTheOrderByHand() {
        StageCosts costs = StageCosts.equal(16, 2, 1, 1, 1, 0);
        // By hand it would take 23.
        assertThat(span(Schedules.of(ScheduleName.ZB_V, 8, 4), costs)).isEqualTo(19.5);
    }

    @Test
    void shouldSearchWhereTheInputGradientTakesLonger() {
        // I takes twice as long as F and W; the work of a rank is 64.
        StageCosts costs = StageCosts.equal(8, 2, 2, 4, 2, 0);
        Schedule made = Schedules.of(ScheduleName.ZB_V, ScheduleRequest.of(4, 8).withCosts(costs));
        assertThat(span(made, costs)).isEqualTo(69);
        assertThat(span(Schedules.of(ScheduleName.ZB_V, 4, 8), costs)).isEqualTo(70);
        assertThat(ScheduleValidator.check(made, costs, 4)).isEmpty();
    }

    @RepeatedTest(50)
    void shouldNeverBeLongerThanByHandForUnequalStages(RepetitionInfo repetition) {
        SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
        int ranks = random.nextInt(2, 9);
        int microbatches = random.nextInt(2 * ranks - 1, 33);
        List<StageCosts.Stage> stages = new ArrayList<>();
        for (int stage = 0; stage < 2 * ranks; stage++) {
            stages.add(new StageCosts.Stage(
                    random.nextInt(10, 100),
                    random.nextInt(10, 100),
                    random.nextInt(5, 60),
                    random.nextInt(10, 100),
                    random.nextInt(10, 100)));
        }
        StageCosts costs = new StageCosts(stages, random.nextInt(10));
        Schedule byHand = Schedules.of(ScheduleName.ZB_V, ranks, microbatches);
        Schedule made = Schedules.of(
                ScheduleName.ZB_V, ScheduleRequest.of(ranks, microbatches).withCosts(costs));
        assertThat(ScheduleValidator.check(made)).isEmpty();
        assertThat(span(made, costs)).isLessThanOrEqualTo(span(byHand, costs));
    }

    private static double span(Schedule schedule, StageCosts costs) {
        return Simulator.run(schedule, costs, Overlap.TOGETHER).span();
    }
}
