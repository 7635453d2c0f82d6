package dev.braid.parallelism.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.transport.Outgoing;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MediaDriverLeaseTest {
    @TempDir
    Path base;

    @Test
    void shouldShareOneDriverAndOneConnectionAmongTheRanksOfAJvm() throws IOException {
        AeronOptions options = TestOptions.in(base, 2);
        try (MediaDriverLease first = MediaDriverLease.acquire(options);
                MediaDriverLease second = MediaDriverLease.acquire(options)) {
            assertThat(second.client()).isSameAs(first.client());
            assertThat(threads()).containsExactlyInAnyOrder("braid-media-driver", "braid-aeron-client");
        }
        assertThat(threads()).isEmpty();
        assertThat(entries()).isEmpty();
    }

    @Test
    void shouldKeepAttemptsApart() throws IOException {
        AeronOptions first = TestOptions.in(base, 2);
        AeronOptions second =
                new AeronOptions(first.runId(), 2, first.host(), first.sizes(), first.timeouts(), first.bases());
        try (MediaDriverLease one = MediaDriverLease.acquire(first);
                MediaDriverLease two = MediaDriverLease.acquire(second)) {
            assertThat(one.client().note().folder())
                    .isNotEqualTo(two.client().note().folder());
            assertThat(entries()).hasSize(2);
        }
        assertThat(entries()).isEmpty();
    }

    @Test
    void shouldCloseInOrderWhenTheThreadWasInterrupted() throws IOException {
        MediaDriverLease lease = MediaDriverLease.acquire(TestOptions.in(base, 2));
        Thread.currentThread().interrupt();
        lease.close();

        assertThat(Thread.interrupted()).isTrue();
        assertThat(threads()).isEmpty();
        assertThat(entries()).isEmpty();
    }

    @Test
    void shouldOpenAChannelWhileTheRanksThreadIsInterrupted() {
        try (World world = new World("ipc", base, 2)) {
            Thread.currentThread().interrupt();
            Outgoing channel = world.dial(0, 1);
            world.deliver(channel, 7, 100);
            world.until(() -> world.inboxes.get(1).numbers.equals(List.of(7)));

            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void shouldRefuseAFolderThatIsNoFolder() throws IOException {
        AeronOptions options = TestOptions.in(base, 2);
        Path taken = Files.createFile(base.resolve(options.folderName()));

        assertThatThrownBy(() -> MediaDriverLease.acquire(options))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(taken + " must be a folder of user")
                .hasMessageContaining("remove it, or start the run with another run id");
        Files.delete(taken);
    }

    @Test
    void shouldFreeTheDriverWhenAnAddressCannotBeBound() throws IOException {
        InetAddress elsewhere = InetAddress.getByAddress(new byte[] {(byte) 203, 0, 113, 9});

        assertThatThrownBy(() -> AeronTransport.udp(TestOptions.in(base, 2), elsewhere))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("203.0.113.9")
                .hasMessageContaining("check parallel.bind");
        assertThat(threads()).isEmpty();
        assertThat(entries()).isEmpty();
    }

    @Test
    void shouldSayWhichFolderIsTooSmallAndHowToEnlargeIt() {
        assertThat(AeronSpace.check(base, Long.MAX_VALUE, "the channel to rank 3"))
                .startsWith(base + " has ")
                .contains("the channel to rank 3 needs 9223372036854775807")
                .contains("mount -o remount", "--shm-size", "emptyDir");
        assertThat(AeronSpace.check(base, 1, "the channel to rank 3")).isEmpty();
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("braid-media-driver")
                        || name.startsWith("braid-aeron")
                        || name.contains("[sender,receiver,driver-conductor]"))
                .map(name -> name.contains("conductor") ? "braid-media-driver" : name)
                .toList();
    }

    private List<Path> entries() throws IOException {
        try (Stream<Path> entries = Files.list(base)) {
            return entries.toList();
        }
    }
}
