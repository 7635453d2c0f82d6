package dev.braid.parallelism.transport.local;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.Receiver;
import dev.braid.parallelism.transport.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Frames between ranks of one JVM, through a ring of memory for each channel. The dialling rank allocates the ring and leaves it
 * in the peer's {@link Inbox}; a send copies the frame into the ring, and the peer's poll hands it over there, in place.
 *
 * <p>A ring is freed when both sides have closed it. A side notices the other's end at its next send or poll and then lets go by
 * itself, so only a rank that neither closes nor polls keeps its rings.
 */
public final class SharedTransport implements Transport {
    /** Its name and the key of its endpoint. */
    public static final String NAME = "shared";

    private static final int SMALLEST_RING = 64 << 10;
    private static final int LARGEST_RING = 256 << 10;

    /** Bytes of the rings of one rank, one way. */
    private static final int ALL_RINGS = 4 << 20;

    /** A busy channel may hand over this many frames before the next one has its turn. */
    private static final int TURN = 8;

    private final String name;
    private final String processKey;
    private final int ringBytes;
    private final Inbox inbox = Inbox.open();
    private final List<RingReader> incoming = new ArrayList<>();
    private final List<RingWriter> outgoing = new ArrayList<>();
    private long channels;
    private int next;
    private long refused;
    private boolean open = true;

    /**
     * Opens the inbox of a rank.
     *
     * @param rank this rank
     * @param ranks size of the world, which decides the size of the rings
     * @param processKey of this rank's {@link RankAddress}
     */
    public SharedTransport(int rank, int ranks, String processKey) {
        this.name = "rank " + rank;
        this.processKey = processKey;
        this.ringBytes = ringBytes(ranks);
    }

    /** Bytes of one ring in a world of {@code ranks}: 256 KiB for up to 16 of them, never less than 64 KiB. */
    static int ringBytes(int ranks) {
        int share = Integer.highestOneBit(ALL_RINGS / Math.max(1, ranks));
        return Math.clamp(share, SMALLEST_RING, LARGEST_RING);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String endpoint() {
        return inbox.token();
    }

    @Override
    public boolean reaches(RankAddress peer) {
        return processKey.equals(peer.processKey()) && peer.endpoints().containsKey(NAME);
    }

    @Override
    public boolean intact() {
        return true;
    }

    @Override
    public Outgoing dial(RankAddress peer) {
        if (!open) {
            throw new IllegalStateException(name + " dials " + peer + " after its transport '" + NAME + "' was closed");
        }
        if (!reaches(peer)) {
            throw new IllegalArgumentException(
                    peer + " cannot be reached by transport '" + NAME + "': it is not in this JVM, or offers only "
                            + peer.endpoints().keySet());
        }
        outgoing.removeIf(writer -> !writer.open());
        ByteRing ring = new ByteRing(ringBytes);
        Optional<Inbox> found = Inbox.find(peer.endpoints().get(NAME));
        if (found.isPresent()) {
            found.get().offer(ring);
        } else {
            ring.close(ByteRing.Side.READER, peer + " has closed, or was loaded by another class loader");
        }
        RingWriter writer = new RingWriter(ring, name, peer.toString());
        outgoing.add(writer);
        return writer;
    }

    @Override
    public int poll(Receiver receiver, int limit) {
        int done = accept();
        int turns = incoming.size();
        boolean ended = false;
        for (int turn = 0; turn < turns && done < limit; turn++) {
            next = next + 1 < turns ? next + 1 : 0;
            RingReader reader = incoming.get(next);
            done += reader.poll(receiver, Math.min(TURN, limit - done));
            ended |= reader.refused() || reader.ended();
        }
        return ended ? done + removeEnded(receiver) : done;
    }

    @Override
    public void refuse(long channel) {
        for (RingReader reader : incoming) {
            if (reader.channel() == channel && !reader.refused()) {
                reader.refuse();
                refused++;
            }
        }
    }

    /** The rings of both directions. A ring counts at its sender and at its receiver. */
    @Override
    public long bufferBytes() {
        long bytes = 0;
        for (RingReader reader : incoming) {
            bytes += reader.bytes();
        }
        for (RingWriter writer : outgoing) {
            bytes += writer.bytes();
        }
        return bytes;
    }

    @Override
    public String describe() {
        long open = outgoing.stream().filter(RingWriter::open).count();
        return String.format(
                "shared: %d channels in, %d out, rings of %d KiB, frames up to %d bytes, %d refused",
                incoming.size(), open, ringBytes >> 10, ByteRing.maxFrame(ringBytes), refused);
    }

    @Override
    public void close() {
        if (!open) {
            return;
        }
        open = false;
        inbox.close(name + " closed");
        outgoing.forEach(RingWriter::close);
        incoming.forEach(reader -> reader.close(name + " closed"));
        outgoing.clear();
        incoming.clear();
    }

    private int accept() {
        int count = 0;
        for (Optional<ByteRing> ring = inbox.accept(); ring.isPresent(); ring = inbox.accept()) {
            incoming.add(new RingReader(ring.get(), ++channels));
            count++;
        }
        return count;
    }

    /** Apart from the turns, since the receiver may refuse a channel during any of them. */
    private int removeEnded(Receiver receiver) {
        int before = incoming.size();
        for (int i = before - 1; i >= 0; i--) {
            RingReader reader = incoming.get(i);
            if (reader.refused()) {
                incoming.remove(i);
                reader.close(name + " refused the channel");
            } else if (reader.ended()) {
                incoming.remove(i);
                String reason = reader.reason();
                reader.close(name + " has seen the end");
                receiver.closed(reader.channel(), reason);
            }
        }
        return before - incoming.size();
    }
}
