package dev.braid.parallelism.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.braid.parallelism.transport.PeerMemory;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks of one JVM. */
@Timeout(60)
final class HostMemoryTest {
    private static final String RUN = "run 1, attempt 0";

    private static Memory memory(String kind) {
        return kind.equals("shared") ? Memory.shared() : new Memory();
    }

    private static Tensor ones(Memory memory, long count) {
        Tensor tensor = memory.allocate(Category.GRADIENTS, DType.F32, Shape.of(count));
        for (long i = 0; i < count; i++) {
            tensor.set(i, 1f);
        }
        return tensor;
    }

    @ParameterizedTest
    @ValueSource(strings = {"shared", "ordinary"})
    void shouldReadAnotherRanksTensorAtItsOwnAddress(String kind) {
        try (Memory memory0 = memory(kind);
                Memory memory1 = memory(kind);
                HostMemory rank0 = new HostMemory(RUN, 0, memory0);
                HostMemory rank1 = new HostMemory(RUN, 1, memory1)) {
            RankAddress address0 = Addressed.here(0, rank0.descriptor());
            RankAddress address1 = Addressed.here(1, rank1.descriptor());
            Tensor tensor = ones(memory1, 10);
            long location = rank1.locate(address0, tensor.address(), tensor.bytes());
            assertThat(rank0.reads(address1)).isTrue();
            assertThat(rank0.enter(address1)).isTrue();
            assertThat(rank0.resolve(address1, location, 40)).isEqualTo(tensor.address());
            rank0.leave(address1);
        }
    }

    @Test
    void shouldLocateNothingOutsideItsMemory() {
        try (Memory memory = new Memory();
                Memory foreign = new Memory();
                HostMemory rank = new HostMemory(RUN, 0, memory)) {
            RankAddress peer = Addressed.here(1, "");
            Tensor tensor = ones(foreign, 10);
            assertThat(rank.locate(peer, tensor.address(), 40)).isEqualTo(PeerMemory.NOT_SHARED);
            assertThat(rank.locate(peer, ones(memory, 10).address(), 1L << 40)).isEqualTo(PeerMemory.NOT_SHARED);
        }
    }

    @Test
    void shouldRefuseLocationsOutsideThePeersMemory() {
        try (Memory memory0 = new Memory();
                Memory memory1 = new Memory();
                HostMemory rank0 = new HostMemory(RUN, 0, memory0);
                HostMemory rank1 = new HostMemory(RUN, 1, memory1)) {
            RankAddress peer = Addressed.here(1, rank1.descriptor());
            long own = ones(memory0, 10).address();
            for (long location : new long[] {own, 0, -1, Long.MAX_VALUE}) {
                assertThatThrownBy(() -> rank0.resolve(peer, location, 40))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("40 bytes at location " + location
                                + " are not in the memory of rank 1, which lives in this JVM");
            }
        }
    }

    @Test
    void shouldRefuseRanksOfAnotherRun() {
        try (Memory memory = new Memory();
                HostMemory rank = new HostMemory(RUN, 0, memory);
                HostMemory stranger = new HostMemory("run 1, attempt 1", 1, memory)) {
            assertThat(rank.reads(Addressed.here(1, stranger.descriptor()))).isFalse();
            assertThat(rank.describe())
                    .endsWith("not read in place: the memory belongs to run 1, attempt 1, not to run 1, attempt 0\n");
        }
    }

    @Test
    void shouldSayWhyAPeerIsNotRead() {
        try (Memory memory = new Memory();
                HostMemory rank = new HostMemory(RUN, 0, memory)) {
            String token = "0123456789abcdef0123456789abcdef";
            assertThat(rank.reads(Addressed.here(1, ""))).isFalse();
            assertThat(rank.reads(Addressed.here(2, "nonsense"))).isFalse();
            assertThat(rank.reads(Addressed.here(3, token))).isFalse();
            assertThat(rank.reads(Addressed.of(4, "another host", "another JVM", token + "@1/2+3")))
                    .isFalse();
            assertThat(rank.describe().lines().map(line -> line.replaceFirst(".*: not read in place: ", "")))
                    .containsExactly(
                            "the rank shares nothing",
                            "'nonsense' describes no memory; do all ranks run one version?",
                            "the rank has withdrawn its memory",
                            "the rank lives on another host, or in another process namespace");
        }
    }

    @Test
    void shouldNotMistakeAnotherFileForThePeers() {
        try (Memory memory = Memory.shared();
                HostMemory rank = new HostMemory(RUN, 0, memory)) {
            assumeTrue(memory.sharedFile().isPresent(), "memory files need Linux");
            String token = "0123456789abcdef0123456789abcdef";
            String forged = token + rank.descriptor().substring(token.length());
            assertThat(rank.reads(Addressed.elsewhere(1, forged))).isFalse();
            assertThat(rank.describe()).contains("is another rank's memory: its token is not there");
            assertThat(rank.reads(Addressed.elsewhere(1, rank.descriptor()))).isTrue();
        }
    }

    @Test
    void shouldLetNobodyInOnceWithdrawn() {
        try (Memory memory = new Memory();
                HostMemory rank0 = new HostMemory(RUN, 0, memory);
                HostMemory rank1 = new HostMemory(RUN, 1, memory)) {
            RankAddress peer = Addressed.here(1, rank1.descriptor());
            assertThat(rank0.reads(peer)).isTrue();
            rank1.withdraw();
            rank1.withdraw();
            assertThat(rank0.enter(peer)).isFalse();
            assertThat(rank0.reads(peer)).isTrue();
            assertThat(rank1.locate(Addressed.here(0, ""), ones(memory, 1).address(), 4))
                    .isEqualTo(PeerMemory.NOT_SHARED);
        }
    }

    @Test
    void shouldWithdrawOnlyWhenReadersHaveLeft() throws InterruptedException {
        try (Memory memory = new Memory();
                HostMemory rank0 = new HostMemory(RUN, 0, memory);
                HostMemory rank1 = new HostMemory(RUN, 1, memory)) {
            RankAddress peer = Addressed.here(1, rank1.descriptor());
            assertThat(rank0.enter(peer)).isTrue();
            Thread closing = Thread.ofPlatform().start(rank1::withdraw);
            while (rank0.enter(peer)) {
                rank0.leave(peer);
                Thread.onSpinWait();
            }
            assertThat(closing.isAlive()).isTrue();
            rank0.leave(peer);
            closing.join();
        }
    }

    @Test
    void shouldComplainOfALeaveWithoutAnEnter() {
        try (Memory memory = new Memory();
                HostMemory rank = new HostMemory(RUN, 0, memory)) {
            RankAddress self = Addressed.here(0, rank.descriptor());
            assertThatThrownBy(() -> rank.leave(self)).hasMessage("a reader left that had not entered");
            assertThat(rank.enter(self)).isTrue();
            rank.leave(self);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"shared", "ordinary"})
    void shouldNeverLetAReaderTouchFreedMemory(String kind) throws InterruptedException {
        for (int round = 0; round < 20; round++) {
            Supplier<Memory> memories = () -> memory(kind);
            readWhileTheOwnerCloses(memories, round % 2 == 0);
        }
    }

    /** Reading an address that was unmapped would end this JVM, and the test with it. */
    private static void readWhileTheOwnerCloses(Supplier<Memory> memories, boolean memoryFirst)
            throws InterruptedException {
        long count = 1 << 20;
        AtomicLong wrong = new AtomicLong();
        CountDownLatch reading = new CountDownLatch(3);
        List<Thread> threads = new ArrayList<>();
        try (Memory own = new Memory();
                HostMemory reader = new HostMemory(RUN, 0, own)) {
            Memory memory = memories.get();
            HostMemory owner = new HostMemory(RUN, 1, memory);
            Tensor tensor = ones(memory, count);
            RankAddress peer = Addressed.here(1, owner.descriptor());
            long location = owner.locate(Addressed.here(0, ""), tensor.address(), tensor.bytes());
            for (int i = 0; i < 3; i++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    while (reader.enter(peer)) {
                        reading.countDown();
                        long address = reader.resolve(peer, location, 4 * count);
                        for (long at = 0; at < count; at += 512) {
                            if (Addresses.getFloat(address, at) != 1f) {
                                wrong.incrementAndGet();
                            }
                        }
                        reader.leave(peer);
                    }
                }));
            }
            reading.await();
            if (memoryFirst) {
                memory.close();
                owner.close();
            } else {
                owner.withdraw();
                memory.close();
                owner.close();
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertThat(wrong).hasValue(0);
    }

    @Test
    void shouldLeaveNoOpenFile() throws IOException {
        Path descriptors = Path.of("/proc/self/fd");
        assumeTrue(Files.exists(descriptors), "memory files need Linux");
        long before = memoryFiles(descriptors);
        try (Memory memory = Memory.shared();
                HostMemory rank = new HostMemory(RUN, 0, memory)) {
            assertThat(rank.reads(Addressed.elsewhere(1, rank.descriptor()))).isTrue();
            assertThat(memoryFiles(descriptors)).isEqualTo(before + 2);
        }
        assertThat(memoryFiles(descriptors)).isEqualTo(before);
    }

    private static long memoryFiles(Path descriptors) throws IOException {
        try (Stream<Path> files = Files.list(descriptors)) {
            return files.filter(HostMemoryTest::isMemoryFile).count();
        }
    }

    private static boolean isMemoryFile(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().contains("memfd:braid");
        } catch (IOException closedMeanwhile) {
            return false;
        }
    }

    @Test
    void shouldGiveItsTokenBack() {
        try (Memory memory = Memory.shared()) {
            new HostMemory(RUN, 0, memory).close();
            assertThat(memory.live()).isZero();
        }
    }
}
