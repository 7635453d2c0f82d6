package dev.braid.parallelism.preflight;

import static dev.braid.parallelism.preflight.PreflightTest.candidate;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class InterfaceChoiceTest {
    private static final NetworkCandidate LOOPBACK = candidate("lo", "127.0.0.1", 65536, true);
    private static final NetworkCandidate DOCKER = candidate("docker0", "172.17.0.1", 1500, false);
    private static final NetworkCandidate ETHERNET = candidate("eth0", "10.0.0.5", 1500, false);
    private static final NetworkCandidate ETHERNET_6 = candidate("eth0", "fd00:0:0:0:0:0:0:5", 1500, false);
    private static final NetworkCandidate INFINIBAND = candidate("ib0", "10.1.0.5", 65520, false);
    private static final List<NetworkCandidate> ALL = List.of(LOOPBACK, DOCKER, ETHERNET_6, ETHERNET, INFINIBAND);

    @Test
    void shouldPreferTheInterfaceOfTheDefaultRoute() {
        assertThat(choose(ALL, "eth0", "127.0.0.1", Optional.empty())).isEqualTo(ETHERNET);
    }

    @Test
    void shouldTakeTheAddressOfTheHostsNameWhereThereIsNoDefaultRoute() {
        assertThat(choose(ALL, "", "10.1.0.5", Optional.empty())).isEqualTo(INFINIBAND);
    }

    @Test
    void shouldTakeTheInterfaceOrTheAddressThatIsAskedFor() {
        assertThat(choose(ALL, "eth0", "10.0.0.5", Optional.of("ib0"))).isEqualTo(INFINIBAND);
        assertThat(choose(ALL, "eth0", "10.0.0.5", Optional.of("fd00:0:0:0:0:0:0:5")))
                .isEqualTo(ETHERNET_6);
        assertThat(choose(ALL, "eth0", "10.0.0.5", Optional.of("lo"))).isEqualTo(LOOPBACK);
    }

    @Test
    void shouldPassOverAnInterfaceThatIsDown() {
        NetworkCandidate down = new NetworkCandidate("eth0", ETHERNET.address(), 1500, false, false);

        assertThat(choose(List.of(down, INFINIBAND, LOOPBACK), "eth0", "10.0.0.5", Optional.empty()))
                .isEqualTo(INFINIBAND);
        assertThatThrownBy(() -> choose(List.of(down, LOOPBACK), "eth0", "10.0.0.5", Optional.of("eth0")))
                .hasMessageContaining("eth0 10.0.0.5 (mtu 1500, down)");
    }

    @Test
    void shouldFallBackToTheLoopbackOnAHostWithoutANetwork() {
        assertThat(choose(List.of(LOOPBACK), "", "127.0.0.1", Optional.empty())).isEqualTo(LOOPBACK);
    }

    @Test
    void shouldSayThatThereIsNothing() {
        assertThatThrownBy(() -> choose(List.of(), "", "127.0.0.1", Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none at all");
    }

    private static NetworkCandidate choose(
            List<NetworkCandidate> candidates, String route, String nameAddress, Optional<String> wanted) {
        return InterfaceChoice.choose(
                new HostFacts(
                        List.of(),
                        candidates,
                        route,
                        Optional.of(nameAddress),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        false,
                        30,
                        Instant.EPOCH),
                wanted);
    }
}
