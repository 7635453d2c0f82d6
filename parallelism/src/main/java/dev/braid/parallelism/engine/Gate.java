package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationException.Kind;
import dev.braid.parallelism.control.ControlMessage;
import dev.braid.parallelism.control.MalformedMessageException;
import dev.braid.parallelism.transport.Receiver;
import dev.braid.parallelism.transport.Transport;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * What comes in over one transport: frames of a peer go to it, by the channel that it has proven to be its own; who has proven nothing
 * is charged for what it sends, and refused in the end. Guarded by the engine's lock.
 */
final class Gate implements Receiver {
    private static final int MOST_CHARGES = 256;

    /** What a frame is charged that no peer sends: as many messages of a handshake. */
    private static final int FOREIGN = 16;

    private static final int REMEMBERED_CHANNELS = 1024;

    private final Engine engine;
    private final Transport transport;
    private final CRC32C crc;
    private final Map<Long, Peer> bound = new HashMap<>();
    private final Map<Long, Integer> charges = new HashMap<>();
    private long refused;

    /** @param crc the engine's, for one frame at a time */
    Gate(Engine engine, Transport transport, CRC32C crc) {
        this.engine = engine;
        this.transport = transport;
        this.crc = crc;
    }

    /** Takes up to {@code frames} in. Returns how many there were. */
    int poll(int frames) {
        return transport.poll(this, frames);
    }

    /** Frames that were refused. */
    long refused() {
        return refused;
    }

    void countRefused() {
        refused++;
    }

    /** {@code channel} has been proven to be the peer's. */
    void bind(long channel, Peer peer) {
        bound.put(channel, peer);
        charges.remove(channel);
    }

    @Override
    public void frame(long channel, long address, int frameBytes) {
        engine.guarded(() -> received(channel, address, frameBytes));
    }

    @Override
    public void closed(long channel, String reason) {
        engine.guarded(() -> {
            charges.remove(channel);
            Peer peer = bound.remove(channel);
            if (peer != null) {
                peer.channelClosed(reason);
            } else {
                engine.linked().stream()
                        .filter(other -> other.transport() == transport)
                        .forEach(other -> other.forgetHello(channel));
            }
        });
    }

    private void received(long channel, long frame, int frameBytes) {
        if (engine.closed()) {
            return;
        }
        Peer peer = bound.get(channel);
        if (!Frame.wellFormed(frame, frameBytes)) {
            damaged(channel, peer, "it is malformed");
            return;
        }
        byte kind = Frame.kind(frame);
        if (kind == Frame.HELLO || kind == Frame.PROOF) {
            handshake(channel, frame);
        } else if (peer == null) {
            // Of this attempt it may be a peer's whose proof is still to come.
            strike(channel, Frame.epoch(frame) == engine.epoch ? 1 : FOREIGN);
        } else if (Frame.epoch(frame) != engine.epoch || Frame.source(frame) != peer.rank) {
            damaged(channel, peer, "it is of another attempt or rank");
        } else if (!Frame.sealed(frame, peer.keyIn(), transport.intact(), crc)) {
            damaged(channel, peer, "its checksum is wrong");
        } else if (engine.healthy() || kind == Frame.LEAVE || kind == Frame.READY || kind == Frame.ABORT) {
            peer.frame(frame, engine.now());
        }
    }

    /** What was lost with a damaged frame of a peer cannot come again: better to end at once than to wait for it. */
    private void damaged(long channel, Peer peer, String how) {
        if (peer == null) {
            strike(channel, FOREIGN);
            return;
        }
        refused++;
        throw engine.fault(Kind.TRANSPORT, peer.rank, "a frame of " + peer.address + " arrived damaged: " + how);
    }

    private void handshake(long channel, long frame) {
        if (Frame.payloadBytes(frame) > Engine.CONTROL_BYTES
                || Frame.epoch(frame) != engine.epoch
                || !Frame.sealed(frame, 0, false, crc)) {
            strike(channel, FOREIGN);
            return;
        }
        ControlMessage message;
        try {
            message = engine.read(frame);
        } catch (MalformedMessageException malformed) {
            strike(channel, FOREIGN);
            return;
        }
        if (!bound.containsKey(channel)) {
            // A peer repeats its part of the handshake; who does it without end and never proves anything is none.
            charge(channel, 1);
        }
        boolean taken = switch (message) {
            case ControlMessage.Hello hello -> hello(channel, hello);
            case ControlMessage.Proof proof ->
                meant(proof.from(), proof.to()) && engine.peer(proof.from()).proof(channel, proof, engine.now());
            default -> false;
        };
        if (!taken) {
            strike(channel, FOREIGN);
        }
    }

    private boolean hello(long channel, ControlMessage.Hello hello) {
        if (!hello.runId().equals(engine.settings.runId())
                || hello.attempt() != engine.settings.attempt()
                || !meant(hello.from(), hello.to())) {
            return false;
        }
        return engine.peer(hello.from()).hello(channel, hello, engine.now());
    }

    private boolean meant(int from, int to) {
        return to == engine.rank
                && from >= 0
                && from < engine.addresses().size()
                && from != engine.rank
                && engine.peer(from).transport() == transport;
    }

    private void strike(long channel, int cost) {
        refused++;
        // A peer's own channel stays: whatever a stranger can make the peer say is not the peer's fault.
        if (!bound.containsKey(channel)) {
            charge(channel, cost);
        }
    }

    private void charge(long channel, int cost) {
        if (charges.size() >= REMEMBERED_CHANNELS && !charges.containsKey(channel)) {
            charges.clear();
        }
        if (charges.merge(channel, cost, Integer::sum) > MOST_CHARGES) {
            transport.refuse(channel);
        }
    }
}
