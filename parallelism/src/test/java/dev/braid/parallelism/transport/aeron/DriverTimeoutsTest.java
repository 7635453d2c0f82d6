package dev.braid.parallelism.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DriverTimeoutsTest {
    @Test
    void shouldOutlastTheDeadlineOfTheEngineButForAStalledDriver() {
        assertThat(DriverTimeouts.of(Duration.ofSeconds(10)))
                .isEqualTo(new DriverTimeouts(
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(7),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(1)));
    }

    @Test
    void shouldSurviveAPauseOfTheJvmEvenWithAShortDeadline() {
        DriverTimeouts timeouts = DriverTimeouts.of(Duration.ofMillis(100));

        assertThat(timeouts.client()).isEqualTo(Duration.ofSeconds(10));
        assertThat(timeouts.grace()).isEqualTo(Duration.ofMillis(100));
    }
}
