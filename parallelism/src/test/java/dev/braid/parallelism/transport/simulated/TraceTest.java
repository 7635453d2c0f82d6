package dev.braid.parallelism.transport.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.transport.Outgoing;
import org.junit.jupiter.api.Test;

class TraceTest {
    @Test
    void shouldTellARunInPlainLines() {
        try (Pair pair = new Pair(1, NetworkFaults.none()).connected()) {
            pair.send("abc");
            pair.receivedBy(30_000);

            assertThat(pair.network.trace().lines())
                    .containsExactly(
                            "              0 ns  0->1 (channel 0) dials",
                            "         20,000 ns  0->1 (channel 0) is connected",
                            "         20,000 ns  0->1 (channel 0) sends: 3 bytes, 616263",
                            "         30,000 ns  0->1 (channel 0) has a frame arrive: 3 bytes",
                            "         30,000 ns  0->1 (channel 0) has a frame delivered: 3 bytes");
        }
    }

    @Test
    void shouldKeepTheLastEventsOnly() {
        Trace trace = new Trace(2);
        trace.rank(1, TraceKind.STOPPED, 0);
        trace.rank(2, TraceKind.RESUMED, 0);
        trace.rank(3, TraceKind.KILLED, 1);

        assertThat(trace.lines())
                .containsExactly("              2 ns  rank 0 resumes", "              3 ns  rank 1 dies");
        assertThat(trace.recorded()).isEqualTo(3);
    }

    @Test
    void shouldShowFramesInTheWordsOfTheirProtocol() {
        Trace trace = new Trace(8, (address, kept, bytes) -> "greeting " + Mailbox.read(address, kept));
        try (FramePool pool = new FramePool(2048);
                SimulatedNetwork network = new SimulatedNetwork(2, 1, NetworkFaults.none(), pool, trace);
                Mailbox mailbox = new Mailbox()) {
            Outgoing channel = network.transport(0).dial(network.transport(1).address());
            network.advance(20_000);
            mailbox.send(channel, "hello");

            assertThat(trace.lines()).anyMatch(line -> line.endsWith("sends: 5 bytes, greeting hello"));
        }
    }

    @Test
    void shouldTellFramesApartByTheirBytes() {
        assertThat(digestAfter("abc")).isNotEqualTo(digestAfter("abd")).isEqualTo(digestAfter("abc"));
    }

    private static long digestAfter(String text) {
        try (Pair pair = new Pair(1, NetworkFaults.none()).connected()) {
            pair.send(text);
            return pair.network.trace().digest();
        }
    }
}
