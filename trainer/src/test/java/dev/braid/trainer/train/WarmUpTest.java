package dev.braid.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class WarmUpTest {
    @Test
    void shouldEndAfterItsStepsWhenThereIsNoTimeToWaitFor() {
        WarmUp warmUp = new WarmUp(2, Duration.ZERO);
        assertThat(warmUp.wants(0)).isTrue();
        assertThat(warmUp.wants(1)).isTrue();
        assertThat(warmUp.wants(2)).isFalse();
    }

    @Test
    void shouldGoOnUntilItsTimeHasPassed() {
        assertThat(new WarmUp(2, Duration.ofDays(1)).wants(1_000)).isTrue();
    }

    /** Another rank comes to the step when the time is over, and must run it all the same. */
    @Test
    void shouldDecideOnceForAllRanks() throws InterruptedException {
        WarmUp warmUp = new WarmUp(0, Duration.ofMillis(20));
        boolean first = warmUp.wants(0);
        Thread.sleep(30);
        assertThat(warmUp.wants(0)).isEqualTo(first);
        assertThat(warmUp.wants(1)).isFalse();
    }
}
