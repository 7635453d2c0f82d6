package dev.braid.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.braid.tensor.kernels.Addresses;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Here one process plays both sides: it opens its own file as a peer would. */
final class SharedMemoryTest {
    private static final long BIG = 70L << 20;

    @BeforeEach
    void assumeThatTheSystemHasMemoryFiles() {
        assumeTrue(Posix.available(), "memory files need Linux");
    }

    private static Tensor bytes(Memory memory, long count) {
        return memory.allocate(Category.COMMUNICATION, DType.I8, Shape.of(count));
    }

    private static PeerFile open(Memory memory) throws IOException {
        SharedFile file = memory.sharedFile().orElseThrow();
        return PeerFile.open(file.processId(), file.descriptor());
    }

    private static long offset(Memory memory, Tensor tensor) {
        return memory.sharedFile().orElseThrow().offset(tensor.address(), tensor.bytes());
    }

    @Test
    void shouldLetAPeerReadWhatIsWrittenAfterItMappedTheFile() throws IOException {
        try (Memory memory = Memory.shared();
                PeerFile peer = open(memory)) {
            Tensor tensor = memory.zeros(Category.GRADIENTS, DType.F32, Shape.of(3));
            long seen = peer.address(offset(memory, tensor), tensor.bytes());
            tensor.set(2, 7.5f);
            assertThat(seen).isNotEqualTo(tensor.address());
            assertThat(Addresses.getFloat(seen, 2)).isEqualTo(7.5f);
        }
    }

    @Test
    void shouldLetAPeerReadBlocksOfExtentsThatCameLater() throws IOException {
        try (Memory memory = Memory.shared();
                PeerFile peer = open(memory)) {
            List<Tensor> blocks = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Tensor block = bytes(memory, BIG + i);
                block.set(BIG + i - 1, 10 + i);
                blocks.add(block);
            }
            for (int i = 0; i < 3; i++) {
                long seen = peer.address(offset(memory, blocks.get(i)), BIG + i);
                assertThat(Addresses.getByte(seen + BIG + i - 1)).isEqualTo((byte) (10 + i));
            }
        }
    }

    @Test
    void shouldAlignBlocksAsOrdinaryMemoryDoes() {
        try (Memory memory = Memory.shared()) {
            assertThat(bytes(memory, 1).address() % 64).isZero();
            assertThat(bytes(memory, 65).address() % 64).isZero();
            assertThat(bytes(memory, 3L << 20).address() % (2 << 20)).isZero();
            assertThat(bytes(memory, BIG).address() % (2 << 20)).isZero();
        }
    }

    @Test
    void shouldGiveEachBlockItsOwnBytes() {
        try (Memory memory = Memory.shared()) {
            List<Tensor> tensors = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                Tensor tensor = bytes(memory, 1 + i * 7919L % 1_000_000);
                Addresses.setByte(tensor.address(), (byte) i);
                Addresses.setByte(tensor.address() + tensor.bytes() - 1, (byte) i);
                tensors.add(tensor);
            }
            for (int i = 0; i < 200; i++) {
                Tensor tensor = tensors.get(i);
                assertThat(tensor.get(0)).isEqualTo((byte) i);
                assertThat(tensor.get(tensor.count() - 1)).isEqualTo((byte) i);
            }
        }
    }

    @Test
    void shouldCountAndReuseBlocksAsOrdinaryMemoryDoes() {
        try (Memory memory = Memory.shared()) {
            Tensor first = bytes(memory, 100);
            long address = first.address();
            assertThat(memory.live(Category.COMMUNICATION)).isEqualTo(128);
            first.release();
            assertThat(bytes(memory, 128).address()).isEqualTo(address);
            assertThat(memory.reserved()).isEqualTo(128);
            assertThat(memory.peak()).isEqualTo(128);
            assertThat(memory.describe())
                    .endsWith("in all 128 (peak 128); in " + memory.sharedFile().orElseThrow());
        }
    }

    @Test
    void shouldHaveNoOffsetForAddressesThatAreNotInTheFile() {
        try (Memory memory = Memory.shared();
                Memory other = new Memory()) {
            Tensor tensor = bytes(memory, 100);
            SharedFile file = memory.sharedFile().orElseThrow();
            assertThat(file.offset(tensor.address(), 100)).isEqualTo(SharedFile.HEAD_BYTES);
            assertThat(file.offset(tensor.address(), 1L << 40)).isEqualTo(-1);
            assertThat(file.offset(tensor.address(), Long.MAX_VALUE)).isEqualTo(-1);
            assertThat(file.offset(bytes(other, 100).address(), 100)).isEqualTo(-1);
            assertThat(file.offset(0, 1)).isEqualTo(-1);
        }
    }

    @Test
    void shouldKnowWhichAddressesAreItsOwn() {
        for (Memory memory : List.of(Memory.shared(), new Memory())) {
            try (memory;
                    Memory other = new Memory()) {
                Tensor tensor = bytes(memory, 128);
                assertThat(memory.contains(tensor.address() + 64, 64)).isTrue();
                assertThat(memory.contains(tensor.address(), 1L << 40)).isFalse();
                assertThat(memory.contains(tensor.address(), -1)).isFalse();
                assertThat(other.contains(tensor.address(), 128)).isFalse();
            }
        }
    }

    @Test
    void shouldRefuseRangesOutsideTheFile() throws IOException {
        try (Memory memory = Memory.shared();
                PeerFile peer = open(memory)) {
            long end = 64L << 20;
            assertThat(peer.address(end, 0)).isPositive();
            for (long[] range :
                    new long[][] {{end, 1}, {end - 8, 9}, {-1, 1}, {0, -1}, {Long.MAX_VALUE, 1}, {8, Long.MAX_VALUE}}) {
                assertThatThrownBy(() -> peer.address(range[0], range[1]))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("are not inside one of the 1 extents of " + peer);
            }
        }
    }

    @Test
    void shouldLetAPeerReadOnAfterTheOwnerHasClosed() throws IOException {
        Memory memory = Memory.shared();
        Tensor tensor = bytes(memory, 1);
        tensor.set(0, 5);
        try (PeerFile peer = open(memory)) {
            long seen = peer.address(offset(memory, tensor), 1);
            memory.close();
            assertThat(Addresses.getByte(seen)).isEqualTo((byte) 5);
        }
    }

    @Test
    void shouldRefuseToOpenWhatIsNoMemoryFile() throws IOException {
        Memory memory = Memory.shared();
        SharedFile file = memory.sharedFile().orElseThrow();
        memory.close();
        assertThatThrownBy(() -> PeerFile.open(file.processId(), 1_000_000))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("/fd/1000000: open failed with error 2: not there");
        assertThatThrownBy(() -> PeerFile.open(file.processId(), 0)).isInstanceOf(IOException.class);
    }

    @Test
    void shouldFallBackToOrdinaryMemoryAndSayWhy() {
        Memory.FileMaker refused = () -> {
            throw new IOException("memfd_create failed with error 38: the kernel does not have it");
        };
        try (Memory memory = Memory.shared(refused)) {
            assertThat(bytes(memory, 10).alive()).isTrue();
            assertThat(memory.sharedFile()).isEmpty();
            assertThat(memory.describe())
                    .endsWith("; not shared with other processes:"
                            + " memfd_create failed with error 38: the kernel does not have it");
        }
    }

    @Test
    void shouldNameTheCallThatTheSystemRefused() {
        assertThatThrownBy(() -> Posix.extend(1_000_000, 1))
                .isInstanceOf(IOException.class)
                .hasMessage("ftruncate failed with error 9: see errno of the system");
    }

    @Test
    void shouldAllocateAlsoOnAnInterruptedThread() {
        try (Memory memory = Memory.shared()) {
            Thread.currentThread().interrupt();
            assertThat(bytes(memory, BIG).get(BIG - 1)).isZero();
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void shouldRunWhatWasAskedForBeforeItFreesAnything() {
        List<String> seen = new ArrayList<>();
        Memory memory = Memory.shared();
        Tensor tensor = bytes(memory, 1);
        long address = tensor.address();
        Runnable forgotten = () -> seen.add("forgotten");
        memory.beforeClose(() -> seen.add("byte " + Addresses.getByte(address)));
        memory.beforeClose(forgotten);
        memory.forgetBeforeClose(forgotten);
        memory.close();
        memory.close();
        assertThat(seen).containsExactly("byte 0");
    }
}
