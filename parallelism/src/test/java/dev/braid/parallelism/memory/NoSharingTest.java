package dev.braid.parallelism.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.transport.PeerMemory;
import dev.braid.parallelism.transport.RankAddress;
import org.junit.jupiter.api.Test;

final class NoSharingTest {
    @Test
    void shouldShareAndReadNothing() {
        try (NoSharing memory = new NoSharing()) {
            RankAddress peer = Addressed.here(1, memory.descriptor());
            assertThat(memory.descriptor()).isEmpty();
            assertThat(memory.reads(peer)).isFalse();
            assertThat(memory.enter(peer)).isFalse();
            assertThat(memory.locate(peer, 4096, 1)).isEqualTo(PeerMemory.NOT_SHARED);
            assertThatThrownBy(() -> memory.resolve(peer, 0, 1)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
