package dev.braid.parallelism.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.braid.parallelism.transport.PeerMemory;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Memory;
import dev.braid.tensor.kernels.Addresses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Rank 0 lives here, rank 1 in a JVM of its own. */
@Timeout(60)
final class OtherJvmMemoryTest {
    @BeforeEach
    void assumeThatTheSystemHasMemoryFiles() {
        assumeTrue(Files.exists(Path.of("/proc/self/fd")), "memory files need Linux");
    }

    @Test
    void shouldReadTensorsOfAnotherJvmInPlace() throws IOException {
        try (OtherJvm other = new OtherJvm("shared");
                Memory memory = new Memory();
                HostMemory own = new HostMemory("run 1", 0, memory)) {
            RankAddress peer = other.address();
            assertThat(own.reads(peer)).isTrue();
            long location = other.fill(1000, 2.5f);
            assertThat(own.enter(peer)).isTrue();
            long address = own.resolve(peer, location, 4000);
            assertThat(Addresses.getFloat(address, 0)).isEqualTo(2.5f);
            other.set(-7f);
            assertThat(Addresses.getFloat(address, 999)).isEqualTo(-7f);
            own.leave(peer);
            assertThat(own.describe()).contains("rank 1 ", ": read in place through /proc/");
        }
    }

    @Test
    void shouldReadMemoryThatGrewAfterItWasFound() throws IOException {
        try (OtherJvm other = new OtherJvm("shared");
                Memory memory = new Memory();
                HostMemory own = new HostMemory("run 1", 0, memory)) {
            RankAddress peer = other.address();
            assertThat(own.reads(peer)).isTrue();
            long count = 20L << 20;
            long first = own.resolve(peer, other.fill(count, 1f), 4 * count);
            long second = own.resolve(peer, other.fill(count, 2f), 4 * count);
            assertThat(Addresses.getFloat(first, count - 1)).isEqualTo(1f);
            assertThat(Addresses.getFloat(second, count - 1)).isEqualTo(2f);
            assertThatThrownBy(() -> own.resolve(peer, 1L << 40, 1)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void shouldSurviveTheOtherJvmsDeath() throws IOException {
        try (OtherJvm other = new OtherJvm("shared");
                Memory memory = new Memory();
                HostMemory own = new HostMemory("run 1", 0, memory)) {
            RankAddress peer = other.address();
            long count = 1 << 20;
            long location = other.fill(count, 3f);
            long address = own.resolve(peer, location, 4 * count);
            other.kill();
            assertThat(own.enter(peer)).isTrue();
            float sum = 0;
            for (long i = 0; i < count; i++) {
                sum += Addresses.getFloat(address, i);
            }
            assertThat(sum).isEqualTo(3f * count);
            own.leave(peer);
        }
    }

    @Test
    void shouldSayThatADeadJvmsMemoryCannotBeOpened() throws IOException {
        try (OtherJvm other = new OtherJvm("shared");
                Memory memory = new Memory();
                HostMemory own = new HostMemory("run 1", 0, memory)) {
            RankAddress peer = other.address();
            other.kill();
            assertThat(own.reads(peer)).isFalse();
            assertThat(own.enter(peer)).isFalse();
            assertThat(own.describe()).contains("not read in place: /proc/", "the process ended");
        }
    }

    @Test
    void shouldNotReadOrdinaryMemoryOfAnotherJvm() throws IOException {
        try (OtherJvm other = new OtherJvm("ordinary");
                Memory memory = Memory.shared();
                HostMemory own = new HostMemory("run 1", 0, memory)) {
            RankAddress peer = other.address();
            assertThat(own.reads(peer)).isFalse();
            assertThat(own.describe()).contains("not read in place: the rank's memory is its process's alone");
            assertThat(other.fill(10, 1f)).isEqualTo(PeerMemory.NOT_SHARED);
        }
    }

    @Test
    void shouldLocateNothingOnceWithdrawn() throws IOException {
        try (OtherJvm other = new OtherJvm("shared")) {
            assertThat(other.fill(10, 1f)).isPositive();
            other.withdraw();
            assertThat(other.fill(10, 1f)).isEqualTo(PeerMemory.NOT_SHARED);
        }
    }
}
