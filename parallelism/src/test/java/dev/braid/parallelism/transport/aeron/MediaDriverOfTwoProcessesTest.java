package dev.braid.parallelism.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.braid.parallelism.memory.ThisProcess;
import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.parallelism.transport.TransportFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MediaDriverOfTwoProcessesTest {
    @TempDir
    Path base;

    @AfterEach
    void shouldLeaveNothingBehind() throws IOException {
        assertThat(entries(base)).isEmpty();
    }

    @Test
    void shouldCarryFramesThroughOneDriverWhoeverStartedIt() throws IOException {
        try (World world = new World("ipc", base, 1);
                Peer peer = new Peer(base)) {
            exchange(world, peer);

            assertThat(entries(entries(base).getFirst()).stream().map(this::name))
                    .containsExactlyInAnyOrder("lock", "driver", driverFolder(world));
            peer.end();
        }
    }

    @Test
    void shouldKeepTheDriverForAGraceAndThenTellWhoStillUsesIt() throws IOException {
        try (Peer owner = new Peer(base);
                World world = new World("ipc", base, 1)) {
            Outgoing channel = exchange(world, owner);
            owner.end();
            world.until(() -> world.send(channel, 0, 100, 0) == SendResult.BROKEN);

            assertThat(channel.fault()).isNotEmpty();
            world.until(() -> !world.inboxes.getFirst().closed.isEmpty());
            world.until(() -> world.transports.getFirst().fault().isPresent());
            assertThat(world.transports.getFirst().fault().orElseThrow().processId())
                    .as("a process that closes its driver in order is not to blame")
                    .isZero();
        }
    }

    @Test
    void shouldNameTheDriverThatWasKilledAndStartAnotherOne() throws IOException {
        try (Peer owner = new Peer(base);
                World world = new World("ipc", base, 1)) {
            Outgoing channel = exchange(world, owner);
            owner.kill();
            world.until(() -> !channel.fault().isEmpty());

            assertThat(channel.fault())
                    .contains("the media driver of host here (process " + owner.processId())
                    .contains(base.toString())
                    .contains("is gone");
            assertThat(world.send(channel, 0, 100, 0)).isEqualTo(SendResult.BROKEN);
            world.until(() -> !world.inboxes.getFirst().closed.isEmpty());
            assertThat(world.inboxes.getFirst().reasons.getFirst()).contains("is gone");
            assertThat(world.transports.getFirst().fault())
                    .contains(new TransportFault(channel.fault(), owner.processId(), true));

            try (World next = new World("ipc", base, 2)) {
                Outgoing fresh = next.dial(0, 1);
                next.deliver(fresh, 7, 100);
                next.until(() -> next.inboxes.get(1).numbers.equals(List.of(7)));
                assertThat(next.transports.getFirst().describe()).contains("media driver runs here");
            }
        }
    }

    @Test
    void shouldNameADriverWhoseProcessWasStopped() throws IOException {
        try (Peer owner = new Peer(base)) {
            try (World world = new World("ipc", base, 1)) {
                Outgoing channel = exchange(world, owner);
                assumeTrue(owner.stop(), "there is no command kill here");
                world.until(() -> !channel.fault().isEmpty());

                assertThat(channel.fault())
                        .contains("(process " + owner.processId(), "no sign of life for", "its process is stopped");
                assertThat(world.transports.getFirst().fault())
                        .contains(new TransportFault(channel.fault(), owner.processId(), false));
            }
            owner.kill();
        }
        assertThat(entries(base)).hasSize(1);
        AeronTransport.removeLeftovers(TestOptions.in(base, 2));
    }

    @Test
    void shouldOutliveAUserThatWasKilled() throws IOException {
        try (World world = new World("ipc", base, 2);
                Peer peer = new Peer(base)) {
            exchange(world, peer);
            peer.kill();
            Outgoing channel = world.dial(0, 1);
            world.deliver(channel, 7, 100);
            world.until(() -> world.inboxes.get(1).numbers.equals(List.of(7)));
        }
    }

    @Test
    void shouldSeeWithinMomentsThatTheProcessOfAPeerHasEnded() throws IOException {
        try (World world = new World("ipc", base, 1);
                Peer peer = new Peer(base)) {
            RankAddress here = new RankAddress(
                    1, "here", ThisProcess.hostId(), peer.processId(), "peer", Map.of("ipc", peer.endpoint), "");
            Outgoing channel = world.transports.getFirst().dial(here);
            world.deliver(channel, 7, 100);
            peer.kill();
            world.until(() -> world.send(channel, 8, 100, 8) == SendResult.BROKEN);

            assertThat(channel.fault()).isEqualTo("its process " + peer.processId() + " has ended");
            world.until(channel::peerEnded);
            assertThat(world.transports.getFirst().fault()).isEmpty();
        }
    }

    @Test
    void shouldRemoveWhatProcessesOfAnotherAttemptThatWereKilledLeftBehind() throws IOException {
        try (Peer peer = new Peer(base)) {
            peer.kill();
            assertThat(entries(base)).hasSize(1);
        }
        AeronOptions first = TestOptions.in(base, 2);
        AeronOptions second = new AeronOptions(
                first.runId(), first.attempt() + 1, first.host(), first.sizes(), first.timeouts(), first.bases());
        try (World world = new World("ipc", second, 1)) {
            assertThat(world.transports).hasSize(1);
            assertThat(entries(base).stream().map(this::name)).containsExactly(second.folderName());
        }
    }

    /** Ten frames each way. */
    private static Outgoing exchange(World world, Peer peer) throws IOException {
        peer.say(world.transports.getFirst().endpoint());
        Outgoing channel = world.transports.getFirst().dial(World.address(1, Map.of("ipc", peer.endpoint)));
        for (int number = 0; number < 10; number++) {
            world.deliver(channel, number, 5000);
        }
        World.Inbox inbox = world.inboxes.getFirst();
        world.until(() -> inbox.numbers.size() == 10);
        assertThat(inbox.numbers).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(peer.line()).isEqualTo("received");
        return channel;
    }

    private String driverFolder(World world) {
        return name(Path.of(
                StreamAddress.parse(world.transports.getFirst().endpoint()).place()));
    }

    private String name(Path path) {
        return path.getFileName().toString();
    }

    private static List<Path> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.toList();
        }
    }
}
