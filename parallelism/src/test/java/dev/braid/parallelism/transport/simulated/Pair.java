package dev.braid.parallelism.transport.simulated;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.SendResult;
import java.util.List;

/** A network of three ranks, a channel from rank 0 to rank 1, and what rank 1 got from it. */
final class Pair implements AutoCloseable {
    final SimulatedNetwork network;
    final SimulatedTransport sender;
    final SimulatedTransport receiver;
    final Outgoing channel;
    final Mailbox mailbox = new Mailbox();

    Pair(long seed, NetworkFaults faults) {
        network = new SimulatedNetwork(3, seed, faults);
        sender = network.transport(0);
        receiver = network.transport(1);
        channel = sender.dial(receiver.address());
    }

    /** Over a good network, but for these faults. */
    static Pair with(ScheduledFault... faults) {
        return new Pair(1, NetworkFaults.none().with(faults));
    }

    /** Over a good network, but for what happens to frames. */
    static Pair with(FrameFaults faults) {
        return new Pair(1, NetworkFaults.none().with(faults));
    }

    /** A pair that is connected, at 20 us: a delay of 10 us there and back. */
    Pair connected() {
        network.advance(20_000);
        return this;
    }

    SendResult send(String text) {
        return mailbox.send(channel, text);
    }

    /** What rank 1 has received until {@code time}. */
    List<String> receivedBy(long time) {
        network.advance(time);
        receiver.poll(mailbox, 1000);
        return mailbox.received;
    }

    @Override
    public void close() {
        network.close();
        mailbox.close();
    }
}
