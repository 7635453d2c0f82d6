package dev.braid.parallelism.transport.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.SendResult;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class FramePoolTest {
    @Test
    void shouldUseTheSameMemoryForThousandsOfNetworks() {
        Trace trace = new Trace(1);
        try (FramePool pool = new FramePool(2048);
                Mailbox mailbox = new Mailbox()) {
            for (int seed = 0; seed < 1000; seed++) {
                try (SimulatedNetwork network = new SimulatedNetwork(2, seed, NetworkFaults.none(), pool, trace)) {
                    Outgoing channel =
                            network.transport(0).dial(network.transport(1).address());
                    network.advance(20_000);
                    for (int frame = 0; frame < 64; frame++) {
                        mailbox.send(channel, "left under way");
                    }
                    assertThat(pool.used()).isEqualTo(64);
                }
                assertThat(pool.used()).isZero();
            }
            assertThat(pool.bytes()).isEqualTo(64 * 2048);
        }
    }

    @Test
    void shouldNotBeTouchedByRanksThatOutliveTheirNetwork() {
        try (FramePool pool = new FramePool(2048);
                Mailbox mailbox = new Mailbox()) {
            SimulatedNetwork network = new SimulatedNetwork(2, 1, NetworkFaults.none(), pool, new Trace(1));
            Outgoing channel = network.transport(0).dial(network.transport(1).address());
            network.advance(20_000);
            mailbox.send(channel, "not polled");
            network.advance(30_000);
            network.close();

            assertThat(mailbox.send(channel, "late")).isEqualTo(SendResult.BROKEN);
            assertThat(network.transport(1).poll(mailbox, 10)).isZero();
            network.transport(1).close();
            channel.close();
            network.close();
            assertThat(pool.used()).isZero();
        }
    }

    @Test
    void shouldGrowAndKeepFramesApart() {
        try (Arena arena = Arena.ofConfined();
                FramePool pool = new FramePool(64)) {
            MemorySegment text = arena.allocateFrom("0123456789");
            for (int length = 1; length <= 10; length++) {
                for (int count = 0; count < 20; count++) {
                    pool.store(text.address(), length, 0, 0);
                }
            }
            assertThat(pool.used()).isEqualTo(200);
            for (int slot = 0; slot < 200; slot++) {
                assertThat(Mailbox.read(pool.address(slot), pool.length(slot)))
                        .isEqualTo("0123456789".substring(0, 1 + slot / 20));
            }
        }
    }

    @Test
    void shouldHashEveryBit() {
        try (Arena arena = Arena.ofConfined();
                FramePool pool = new FramePool(64)) {
            MemorySegment text = arena.allocateFrom("nineteen characters");
            int slot = pool.store(text.address(), 10, text.address() + 10, 9);
            long hash = pool.hash(slot);
            for (int bit = 0; bit < 19 * 8; bit++) {
                pool.flip(slot, bit);
                assertThat(pool.hash(slot)).as("bit %d", bit).isNotEqualTo(hash);
                pool.flip(slot, bit);
            }
            assertThat(pool.hash(slot)).isEqualTo(hash);
        }
    }

    @Test
    void shouldRefuseANetworkWithLargerFrames() {
        try (FramePool pool = new FramePool(1024)) {
            assertThatThrownBy(() -> new SimulatedNetwork(2, 1, NetworkFaults.none(), pool, new Trace(1)))
                    .hasMessage("frames of 2048 bytes do not fit into the pool, which is made for 1024");
        }
    }
}
