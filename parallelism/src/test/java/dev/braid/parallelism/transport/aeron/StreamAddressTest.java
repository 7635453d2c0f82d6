package dev.braid.parallelism.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamAddressTest {
    @Test
    void shouldReadWhatItWrites() {
        StreamAddress address = new StreamAddress(-5, "[::1]:40123");

        assertThat(address.text()).isEqualTo("-5@[::1]:40123");
        assertThat(StreamAddress.parse("-5@[::1]:40123")).isEqualTo(address);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "@", "7@", "@10.0.0.1:1", "seven@10.0.0.1:1", "99999999999@10.0.0.1:1"})
    void shouldRefuseWhatIsNoEndpoint(String text) {
        assertThatThrownBy(() -> StreamAddress.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "' is not an endpoint");
    }
}
