package dev.braid.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.optimizers.ScheduleConfig.Constant;
import dev.braid.optimizers.ScheduleConfig.Cosine;
import dev.braid.optimizers.ScheduleConfig.WarmupStableDecay;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Learning rates by hand, and the rules of the settings. */
class ScheduleConfigTest {
    @Test
    void shouldWarmUpFromTheFirstStepOnAndReachThePeakInTheLastStepOfWarmUp() {
        Constant schedule = new Constant(4);
        assertThat(schedule.share(0, 100)).isEqualTo(0.25);
        assertThat(schedule.share(1, 100)).isEqualTo(0.5);
        assertThat(schedule.share(3, 100)).isEqualTo(1);
        assertThat(schedule.share(99, 100)).isEqualTo(1);
        assertThat(new Constant(0).share(0, 100)).isEqualTo(1);
    }

    @Test
    void shouldFallAlongHalfACosine() {
        Cosine schedule = new Cosine(10, 0.1);
        assertThat(schedule.share(0, 100)).isEqualTo(0.1);
        assertThat(schedule.share(9, 100)).isEqualTo(1);
        assertThat(schedule.share(10, 100)).isEqualTo(1);
        assertThat(schedule.share(55, 100)).isCloseTo(0.55, within(1e-12));
        assertThat(schedule.share(99, 100)).isCloseTo(0.1002741278, within(1e-10));
    }

    @Test
    void shouldHoldThePeakAndThenFallInALine() {
        WarmupStableDecay schedule = new WarmupStableDecay(10, 20, 0.1);
        assertThat(schedule.share(4, 100)).isEqualTo(0.5);
        assertThat(schedule.share(10, 100)).isEqualTo(1);
        assertThat(schedule.share(79, 100)).isEqualTo(1);
        // 20 steps left: the first of the decay is still the peak, as left / decay is 1.
        assertThat(schedule.share(80, 100)).isEqualTo(1);
        assertThat(schedule.share(90, 100)).isCloseTo(0.55, within(1e-12));
        assertThat(schedule.share(99, 100)).isCloseTo(0.1 + 0.9 / 20, within(1e-12));
    }

    @Test
    void shouldReportSettingsThatCannotBe() {
        assertThat(faults(new Constant(-1))).containsExactly("warmup: is -1 steps, must not be negative");
        assertThat(faults(new Cosine(0, 1.5)))
                .containsExactly("final: is 1.5, must be a share of the peak from 0 to 1");
        assertThat(faults(new WarmupStableDecay(1, -2, Double.NaN)))
                .containsExactly(
                        "decay: is -2 steps, must not be negative",
                        "final: is NaN, must be a share of the peak from 0 to 1");
    }

    @Test
    void shouldReportAScheduleLongerThanTheRun() {
        List<String> faults = new ArrayList<>();
        new WarmupStableDecay(30, 80, 0.1).validateFor(100, (key, problem, fix) -> faults.add(key + ": " + problem));
        new Cosine(101, 0.1).validateFor(100, (key, problem, fix) -> faults.add(key + ": " + problem));
        new Constant(100).validateFor(100, (key, problem, fix) -> faults.add(key + ": " + problem));
        assertThat(faults)
                .containsExactly(
                        "decay: makes warm-up and decay take 110 steps, but train.steps is 100",
                        "warmup: makes warm-up and decay take 101 steps, but train.steps is 100");
    }

    private static List<String> faults(ScheduleConfig schedule) {
        List<String> faults = new ArrayList<>();
        schedule.validate((key, problem, fix) -> faults.add(key + ": " + problem));
        return faults;
    }
}
