package dev.braid.parallelism;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class CommunicationSettingsTest {
    private static final byte[] SECRET = new byte[16];

    @Test
    void shouldRefuseARunWithoutId() {
        assertThatThrownBy(() -> CommunicationSettings.of("", 0, SECRET))
                .hasMessage("run id '' must have 1 to 128 characters");
    }

    @Test
    void shouldRefuseANegativeAttempt() {
        assertThatThrownBy(() -> CommunicationSettings.of("run", -1, SECRET))
                .hasMessage("attempt -1 is negative; the first is 0");
    }

    @Test
    void shouldRefuseAShortSecret() {
        assertThatThrownBy(() -> CommunicationSettings.of("run", 0, new byte[15]))
                .hasMessage("the run's secret has 15 bytes, must have at least 16");
    }

    @Test
    void shouldRefuseADeadlineThatNoHeartbeatMeets() {
        assertThatThrownBy(() -> CommunicationSettings.of("run", 0, SECRET)
                        .withTimes(Duration.ofMillis(99), Duration.ofSeconds(1)))
                .hasMessage("deadline PT0.099S is too short, must be at least 100 ms");
    }

    @Test
    void shouldRefusePatienceShorterThanTheDeadline() {
        assertThatThrownBy(() -> CommunicationSettings.of("run", 0, SECRET)
                        .withTimes(Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .hasMessage("patience PT1S is shorter than the deadline PT2S");
    }

    @Test
    void shouldRefuseAnUnknownTransport() {
        assertThatThrownBy(() -> CommunicationSettings.of("run", 0, SECRET).withTransport("pigeon"))
                .hasMessage("transport 'pigeon' is unknown, must be one of [auto, shared, ipc, udp, tcp]");
    }

    @Test
    void shouldKeepTheSecretToItself() {
        byte[] secret = "0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        CommunicationSettings settings = CommunicationSettings.of("run", 0, secret);
        secret[0] = 0;
        assertThat(settings.secret()[0]).isEqualTo((byte) '0');
        settings.secret()[0] = 0;
        assertThat(settings.secret()[0]).isEqualTo((byte) '0');
        assertThat(settings.toString()).doesNotContain("0123456789abcdef");
    }
}
