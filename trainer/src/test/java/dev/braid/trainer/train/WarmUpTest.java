package dev.braid.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class WarmUpTest {
    private final AtomicLong nanos = new AtomicLong(500);

    private WarmUp warmUp(int steps, long nanoseconds) {
        return new WarmUp(steps, Duration.ofNanos(nanoseconds), nanos::get);
    }

    @Test
    void shouldEndAfterItsStepsWhenThereIsNoTimeToWaitFor() {
        WarmUp warmUp = warmUp(2, 0);
        assertThat(warmUp.wants(0)).isTrue();
        assertThat(warmUp.wants(1)).isTrue();
        assertThat(warmUp.wants(2)).isFalse();
    }

    @Test
    void shouldGoOnUntilItsTimeHasPassed() {
        WarmUp warmUp = warmUp(0, 20);
        nanos.set(519);
        assertThat(warmUp.wants(0)).isTrue();
        nanos.set(520);
        assertThat(warmUp.wants(1)).isFalse();
    }

    /** Another rank comes to the step when the time is over, and must run it all the same. */
    @Test
    void shouldDecideOnceForAllRanks() {
        WarmUp warmUp = warmUp(0, 20);
        assertThat(warmUp.wants(0)).isTrue();
        nanos.set(600);
        assertThat(warmUp.wants(0)).isTrue();
        assertThat(warmUp.wants(1)).isFalse();
    }
}
