package dev.braid.tensor.parameters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class ExpertHostsTest {
    @Test
    void shouldHandOnAtThePlaceThatTheSenderHasOnItsHost() {
        ExpertHosts hosts = ExpertHosts.of(List.of("a", "a", "b", "b"));
        assertThat(hosts.relay(0, 3)).isEqualTo(2);
        assertThat(hosts.relay(1, 2)).isEqualTo(3);
        assertThat(hosts.served(1, 3)).containsExactly(2, 3);
        assertThat(hosts.served(1, 2)).isEmpty();
    }

    @Test
    void shouldGoStraightInsideAHost() {
        ExpertHosts hosts = ExpertHosts.of(List.of("a", "b", "a", "b"));
        assertThat(hosts.relay(0, 2)).isEqualTo(0);
        assertThat(hosts.served(0, 2)).containsExactly(2);
        assertThat(hosts.served(0, 0)).containsExactly(0);
        assertThat(hosts.neighbours(3)).containsExactly(1, 3);
    }

    /** Ranks 0 and 2 have places 0 and 2 of three, which are both 0 of two. */
    @Test
    void shouldShareTheWorkWhereHostsHaveDifferentNumbersOfRanks() {
        ExpertHosts hosts = ExpertHosts.of(List.of("a", "a", "a", "b", "b"));
        assertThat(hosts.relay(0, 4)).isEqualTo(3);
        assertThat(hosts.relay(1, 4)).isEqualTo(4);
        assertThat(hosts.relay(2, 4)).isEqualTo(3);
        assertThat(hosts.relay(4, 0)).isEqualTo(1);
    }

    @Test
    void shouldHandNothingOnWhereAllShareAHostOrNobodyDoes() {
        assertThat(ExpertHosts.one(4).relays()).isFalse();
        assertThat(ExpertHosts.of(List.of("a", "b", "c")).relays()).isFalse();
        assertThat(ExpertHosts.of(List.of("a", "b", "b")).relays()).isTrue();
    }

    @Test
    void shouldRefuseAnAxisWithoutRanks() {
        assertThatThrownBy(() -> ExpertHosts.of(List.of())).isInstanceOf(IllegalArgumentException.class);
    }
}
