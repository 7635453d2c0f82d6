package dev.braid.parallelism.transport.simulated;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.Receiver;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.tensor.kernels.Addresses;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;

/** Sends numbered frames to all peers, and has finished once it has sent its own and received all of theirs. */
final class ChattingRank implements SimulatedRank, Receiver {
    private static final int BYTES = 200;

    private final SimulatedNetwork network;
    private final SimulatedTransport transport;
    private final MemorySegment frame;
    private final Outgoing[] channels;
    private final int[] sent;
    private final BitSet[] received;
    private final int frames;

    ChattingRank(SimulatedNetwork network, int rank, int frames, Arena arena) {
        this.network = network;
        this.frames = frames;
        transport = network.transport(rank);
        frame = arena.allocate(BYTES, 8);
        channels = new Outgoing[network.ranks()];
        sent = new int[network.ranks()];
        received = new BitSet[network.ranks()];
        for (int peer = 0; peer < network.ranks(); peer++) {
            received[peer] = new BitSet(frames);
            if (peer == rank) {
                received[peer].set(0, frames);
                sent[peer] = frames;
            } else {
                channels[peer] = transport.dial(network.transport(peer).address());
            }
        }
    }

    @Override
    public long poll(long now) {
        if (now != network.nanoTime()) {
            throw new AssertionError("polled at " + now + ", but it is " + network.nanoTime());
        }
        transport.poll(this, 10);
        for (int peer = 0; peer < channels.length; peer++) {
            while (sent[peer] < frames && send(peer)) {
                sent[peer]++;
            }
        }
        return Long.MAX_VALUE;
    }

    private boolean send(int peer) {
        frame.set(ValueLayout.JAVA_INT, 0, transport.rank);
        frame.set(ValueLayout.JAVA_INT, 4, sent[peer]);
        return channels[peer].send(frame.address(), 8, frame.address() + 8, BYTES - 8) == SendResult.SENT;
    }

    @Override
    public void frame(long channel, long address, int bytes) {
        int rank = Addresses.getInt(address, 0);
        int number = Addresses.getInt(address, 1);
        if (rank >= 0 && rank < received.length && number >= 0 && number < frames) {
            received[rank].set(number);
        }
    }

    @Override
    public void closed(long channel, String reason) {}

    @Override
    public boolean finished() {
        for (int peer = 0; peer < received.length; peer++) {
            if (sent[peer] < frames || received[peer].cardinality() < frames) {
                return false;
            }
        }
        return true;
    }
}
