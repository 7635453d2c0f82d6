package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationException.Kind;
import dev.braid.parallelism.control.ControlMessage;
import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.PeerMemory;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.parallelism.transport.Transport;
import dev.braid.tensor.kernels.Addresses;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The link with one peer: a channel out, which this rank dials, and a channel in, which the peer dials and proves to be its own.
 *
 * <p>Handshake: each side says hello with a nonce on its channel out. Who reads a hello answers with a proof over both nonces,
 * again on its own channel out. A right proof binds the channel by which it came to the peer, and is confirmed by ready. A side
 * that has bound the peer's channel and has been told ready may send: nothing can then be refused as a stranger's. All three
 * messages are repeated until that is so, so that a lost or overtaken one only costs time.
 */
final class Peer {
    /** Transfers up to this many bytes are sent without asking. */
    static final int EAGER_LIMIT = 16 * 1024;

    /** Most bytes, headers included, that a peer may have sent without being asked and that are not used yet. */
    static final int EAGER_WINDOW = 256 * 1024;

    private static final int REMEMBERED_HELLOS = 32;

    final Engine engine;
    final int rank;
    final RankAddress address;

    private final Transport transport;
    private final byte[] nonce;
    private final Outgoing out;
    /** Nonces of hellos in the peer's name, by the channel they came on: one of them is the peer's. */
    private final Map<Long, byte[]> hellos = new LinkedHashMap<>();
    /**
     * Messages of the handshake that are to be sent: proofs by the channel whose hello they answer. They go at the end of a
     * poll, once each: a rank that was stopped finds many hellos, and as many answers would look like a stranger's.
     */
    private final Set<Long> proofsDue = new LinkedHashSet<>();

    private boolean helloDue;
    private boolean readyDue;

    private final ArrayDeque<Control> controls = new ArrayDeque<>();
    private final ArrayDeque<Outbound> sending = new ArrayDeque<>();
    private final Map<TransferKey, Outbound> outbounds = new HashMap<>();
    private final Map<TransferKey, Inbound> inbounds = new HashMap<>();
    private final Map<TransferKey, List<EarlyFrame>> early = new HashMap<>();
    private final Set<TransferKey> earlyGrants = new HashSet<>();

    private long channel;
    private boolean bound;
    private boolean readyReceived;
    private boolean peerReadsUs;
    private boolean left;
    private long leftNanos;
    private boolean leaveSent;
    private boolean knows;
    private boolean gone;
    private long keyIn;
    private long keyOut;
    private long lastHeard;
    private long nextHello;
    private long nextHeartbeat;
    private long eagerSpent;
    private long eagerReturned;
    private long eagerConsumed;
    private long eagerReported;
    private long earlyBytes;

    private record Control(byte kind, TransferKey key, byte[] payload) {}

    /** A frame that came before its operation was started here. */
    private record EarlyFrame(Staging.Block block) {}

    Peer(Engine engine, RankAddress address, Transport transport, byte[] nonce, long now) {
        this.engine = engine;
        this.rank = address.rank();
        this.address = address;
        this.transport = transport;
        this.nonce = nonce;
        this.out = transport.dial(address);
        this.lastHeard = now;
        this.nextHello = now;
    }

    Transport transport() {
        return transport;
    }

    /** True once both directions are proven: transfers may be sent. */
    boolean open() {
        return bound && readyReceived;
    }

    /** True when its process is known to be dead. */
    boolean ended() {
        return out.peerEnded();
    }

    boolean left() {
        return left;
    }

    /** True when the peer has left before a time, so that nothing sent before its farewell is still to come. */
    boolean leftBefore(long time) {
        return left && leftNanos - time < 0;
    }

    long lastHeard() {
        return lastHeard;
    }

    int inlinePiece() {
        return Pieces.inline(out.maxFrame() - Frame.HEADER);
    }

    long locate(long at, long bytes) {
        return peerReadsUs ? engine.memory.locate(address, at, bytes) : PeerMemory.NOT_SHARED;
    }

    // ---- the handshake ----------------------------------------------------------------------------------------------

    /** False when it comes by a second channel: then it is a stranger's. */
    boolean hello(long from, ControlMessage.Hello hello, long now) {
        if (bound && from != channel) {
            return false;
        }
        if (hellos.size() >= REMEMBERED_HELLOS && !hellos.containsKey(from)) {
            Long oldest = hellos.keySet().stream()
                    .filter(id -> !bound || id != channel)
                    .findFirst()
                    .orElseThrow();
            hellos.remove(oldest);
            proofsDue.remove(oldest);
        }
        hellos.put(from, hello.nonce());
        if (nextHello <= now && !open()) {
            nextHello = now + engine.handshakeNanos;
            helloDue = true; // the proof means nothing to the peer before it has our hello
        }
        proofsDue.add(from);
        readyDue |= bound;
        return true;
    }

    /** The channel has ended without being bound. */
    void forgetHello(long from) {
        hellos.remove(from);
        proofsDue.remove(from);
    }

    /** Sends what is due of the handshake. False when the channel does not take all of it now: then the rest stays due. */
    private boolean sendHandshake() {
        helloDue = helloDue && !sendHello();
        if (helloDue) {
            return false;
        }
        for (Iterator<Long> due = proofsDue.iterator(); due.hasNext(); ) {
            if (!sendProof(hellos.get(due.next()))) {
                return false;
            }
            due.remove();
        }
        readyDue = readyDue && !sendReady();
        return !readyDue;
    }

    /** False when the channel does not take the message now. */
    private boolean say(byte kind, long key, ControlMessage message) {
        // A broken channel is no proof that the peer is dead: it may have failed and closed, and its reason be on its
        // way.
        return engine.sendControl(out, transport, kind, key, message);
    }

    private boolean sendHello() {
        return say(
                Frame.HELLO,
                0,
                new ControlMessage.Hello(engine.settings.runId(), engine.settings.attempt(), engine.rank, rank, nonce));
    }

    private boolean sendProof(byte[] peerNonce) {
        return say(Frame.PROOF, 0, engine.handshake.prove(engine.rank, rank, nonce, peerNonce));
    }

    /** False when the proof is wrong, or comes by a second channel: then it is a stranger's. */
    boolean proof(long from, ControlMessage.Proof proof, long now) {
        if (bound && from != channel) {
            return false;
        }
        if (!Arrays.equals(proof.nonce(), nonce)) {
            engine.gate(transport).countRefused(); // the peer answers a hello that a stranger has said in our name
            return true;
        }
        byte[] peerNonce = hellos.get(from);
        if (peerNonce == null) {
            return true; // it overtook its hello, and will come again
        }
        if (!engine.handshake.proves(proof, nonce, peerNonce)) {
            return false;
        }
        if (!bound) {
            bound = true;
            channel = from;
            lastHeard = now;
            keyIn = engine.handshake.linkKey(rank, engine.rank, peerNonce, nonce);
            keyOut = engine.handshake.linkKey(engine.rank, rank, nonce, peerNonce);
            engine.gate(transport).bind(from, this);
        }
        readyDue = true;
        return true;
    }

    private boolean sendReady() {
        return say(Frame.READY, keyOut, new ControlMessage.Ready(engine.rank, rank, engine.memory.reads(address)));
    }

    // ---- what comes in ----------------------------------------------------------------------------------------------

    long keyIn() {
        return keyIn;
    }

    /** A frame of the bound channel with a right checksum. */
    void frame(long frame, long now) {
        lastHeard = now;
        switch (Frame.kind(frame)) {
            case Frame.READY -> ready(frame);
            case Frame.HEARTBEAT -> eagerReturned = Math.max(eagerReturned, Frame.offset(frame));
            case Frame.ABORT -> engine.aborted(this, (ControlMessage.Abort) engine.decode(frame));
            case Frame.LEAVE -> leave(now);
            case Frame.DATA, Frame.REFERENCE -> transfer(frame);
            case Frame.RELEASE -> {
                Outbound outbound = outbounds.get(key(frame));
                if (outbound != null) {
                    outbound.released();
                }
            }
            case Frame.GRANT -> granted(key(frame));
            default -> throw new IllegalStateException("kind " + Frame.kind(frame) + " on an open link");
        }
    }

    private void ready(long frame) {
        ControlMessage.Ready ready = (ControlMessage.Ready) engine.decode(frame);
        peerReadsUs = ready.readsMemory();
        readyReceived = true;
    }

    private void leave(long now) {
        if (!left) {
            left = true;
            leftNanos = now;
        }
    }

    private static TransferKey key(long frame) {
        return new TransferKey(Frame.group(frame), Frame.sequence(frame), Frame.lane(frame));
    }

    private void granted(TransferKey key) {
        Outbound outbound = outbounds.get(key);
        if (outbound != null) {
            outbound.grant();
        } else if (!engine.stale(this, key, false)) {
            earlyGrants.add(key);
        }
    }

    private void transfer(long frame) {
        TransferKey key = key(frame);
        Inbound inbound = inbounds.get(key);
        if (inbound != null) {
            inbound.frame(frame);
            return;
        }
        if (engine.stale(this, key, true)) {
            if (transport.repeats()) {
                return;
            }
            throw unexpected(frame);
        }
        int bytes = Frame.HEADER + Frame.payloadBytes(frame);
        earlyBytes += bytes;
        if (earlyBytes > 4L * EAGER_WINDOW) {
            throw engine.fault(Kind.MISMATCH, rank, "rank " + rank + " sends more than its credit allows");
        }
        Staging.Block block = engine.staging.take(bytes);
        Addresses.copy(frame, block.address(), bytes);
        early.computeIfAbsent(key, any -> new ArrayList<>()).add(new EarlyFrame(block));
    }

    /** Throws when the peer has sent something for an operation that has ended here without asking for it. */
    void requireNothingEarly(int group, long sequence) {
        if (early.isEmpty()) {
            return;
        }
        early.forEach((key, frames) -> {
            if (key.group() == group && key.sequence() == sequence && !key.pointToPoint()) {
                throw unexpected(frames.getFirst().block.address());
            }
        });
    }

    private EngineFault unexpected(long frame) {
        return engine.fault(
                Kind.MISMATCH,
                rank,
                "rank " + rank + " takes part with " + Signature.describe(frame) + ", " + Frame.total(frame)
                        + " bytes for this rank, which expects none in operation " + Frame.sequence(frame)
                        + ": all ranks of a group must name the same root and matching counts");
    }

    void consumedEager(long cost) {
        eagerConsumed += cost;
        if (eagerConsumed - eagerReported >= EAGER_WINDOW / 4) {
            hurry(); // a sign of life carries the credit back
        }
    }

    // ---- transfers --------------------------------------------------------------------------------------------------

    void post(Inbound inbound) {
        if (inbounds.putIfAbsent(inbound.key, inbound) != null) {
            throw new IllegalStateException("transfer " + inbound.key + " posted twice");
        }
        List<EarlyFrame> frames = early.remove(inbound.key);
        if (frames != null) {
            try {
                for (EarlyFrame frame : frames) {
                    long at = frame.block.address();
                    earlyBytes -= Frame.HEADER + Frame.payloadBytes(at);
                    inbound.frame(at);
                }
            } finally {
                // All of them, also when one does not fit.
                frames.forEach(frame -> frame.block.release());
            }
        }
        if (inbound.total > EAGER_LIMIT && !inbound.isDone()) {
            control(Frame.GRANT, inbound.key);
        }
    }

    void post(Outbound outbound) {
        if (outbounds.putIfAbsent(outbound.key, outbound) != null) {
            throw new IllegalStateException("transfer " + outbound.key + " posted twice");
        }
        if (earlyGrants.remove(outbound.key)) {
            outbound.grant();
        }
        sending.add(outbound);
        engine.wake(this);
    }

    void forget(Inbound inbound) {
        inbounds.remove(inbound.key);
    }

    void forget(Outbound outbound) {
        outbounds.remove(outbound.key);
        earlyGrants.remove(outbound.key);
    }

    boolean hasCredit(int cost) {
        // One frame may always go when nothing is outstanding, whatever its size.
        return eagerSpent == eagerReturned || eagerSpent + cost - eagerReturned <= EAGER_WINDOW;
    }

    void spendCredit(int cost) {
        eagerSpent += cost;
    }

    SendResult sendData(Outbound transfer, int piece, long offset, long total, long payload, int bytes) {
        long frame = engine.header();
        Frame.write(frame, Frame.DATA, bytes, engine.epoch, engine.rank);
        Frame.transfer(frame, transfer.operation.signature(), transfer.key, piece, offset, total);
        return send(frame, payload, bytes);
    }

    SendResult sendReference(Outbound transfer, int piece, long offset, long total, long location, long bytes) {
        long frame = engine.header();
        Frame.write(frame, Frame.REFERENCE, 2 * Long.BYTES, engine.epoch, engine.rank);
        Frame.transfer(frame, transfer.operation.signature(), transfer.key, piece, offset, total);
        long payload = frame + Frame.HEADER;
        Addresses.setLong(payload, 0, location);
        Addresses.setLong(payload, 1, bytes);
        return send(frame, payload, 2 * Long.BYTES);
    }

    // ---- what goes out ----------------------------------------------------------------------------------------------

    void control(byte kind, TransferKey key) {
        controls.add(new Control(kind, key, new byte[0]));
        engine.wake(this);
    }

    void control(byte kind, ControlMessage message) {
        controls.add(new Control(kind, null, engine.encode(message)));
        engine.wake(this);
    }

    /** Sends what can be sent now. */
    void flush() {
        if (!sendHandshake() || !open()) {
            return;
        }
        while (!controls.isEmpty()) {
            if (!send(controls.peek())) {
                return;
            }
            controls.poll();
        }
        for (int turns = sending.size(); turns > 0; turns--) {
            Outbound next = sending.poll();
            if (next == null) {
                return; // a failure has dropped them all
            }
            switch (next.advance()) {
                case DONE -> engine.moved();
                case BUSY -> {
                    sending.addFirst(next);
                    return;
                }
                case WAITING -> sending.addLast(next);
                case MORE -> {
                    sending.addLast(next);
                    engine.moved();
                }
            }
        }
    }

    private boolean send(Control control) {
        long frame = engine.header();
        Frame.write(frame, control.kind, control.payload.length, engine.epoch, engine.rank);
        if (control.key != null) {
            Frame.transfer(frame, Signature.NOTHING, control.key, 0, 0, 0);
        }
        Addresses.copyFrom(control.payload, frame + Frame.HEADER);
        return send(frame, frame + Frame.HEADER, control.payload.length) == SendResult.SENT;
    }

    private SendResult send(long frame, long payload, int bytes) {
        return engine.send(out, transport, frame, keyOut, payload, bytes, this);
    }

    /** Repeats the handshake, gives signs of life, and finds out that the peer gives none. */
    void tick(long now) {
        if (!open() && now >= nextHello) {
            nextHello = now + engine.handshakeNanos;
            helloDue = true;
            if (bound) {
                proofsDue.add(channel);
                readyDue = true;
            }
            sendHandshake();
        }
        if (open() && now >= nextHeartbeat) {
            heartbeat(now);
        }
        if (out.peerEnded() && owed() && engine.healthy()) {
            throw engine.fault(Kind.DEAD, rank, address + " is gone: " + out.fault());
        }
        if (!left && engine.healthy() && now - lastHeard > engine.silenceNanos) {
            throw engine.fault(
                    Kind.SILENT,
                    rank,
                    bound
                            ? address + " has given no sign of life for " + Engine.millis(now - lastHeard)
                            : address + " has not answered the handshake over " + transport.name() + " for "
                                    + Engine.millis(now - lastHeard) + faultOf(out));
        }
    }

    private static String faultOf(Outgoing out) {
        return out.fault().isEmpty() ? "" : " (" + out.fault() + ")";
    }

    private void heartbeat(long now) {
        long frame = engine.header();
        Optional<ControlMessage.Abort> abort = engine.abortMessage();
        byte[] payload = abort.map(engine::encode).orElse(new byte[0]);
        Frame.write(
                frame, abort.isPresent() ? Frame.ABORT : Frame.HEARTBEAT, payload.length, engine.epoch, engine.rank);
        Frame.offset(frame, eagerConsumed);
        Addresses.copyFrom(payload, frame + Frame.HEADER);
        if (send(frame, frame + Frame.HEADER, payload.length) == SendResult.SENT) {
            eagerReported = eagerConsumed;
            nextHeartbeat = now + engine.heartbeatNanos;
        }
    }

    /** Makes the next tick send a sign of life, or the news of a failure, at once. */
    void hurry() {
        nextHeartbeat = Long.MIN_VALUE;
        engine.wake(this);
    }

    // ---- the end ----------------------------------------------------------------------------------------------------

    /** The peer's channel ended. */
    void channelClosed(String reason) {
        bound = false;
        gone = true;
        if (owed()) {
            throw engine.fault(Kind.DEAD, rank, address + " is gone: " + reason);
        }
        leave(engine.now());
    }

    void broken(String reason) {
        gone = true;
        if (owed() && engine.healthy()) {
            throw engine.fault(Kind.DEAD, rank, "nothing can be sent to " + address + " any more: " + reason);
        }
    }

    /** False once the peer's channel may end: it has left, or its farewell, the last that was to come, was lost with it. */
    boolean owed() {
        return !left && !leaveSent;
    }

    /** Says farewell once. */
    void leave() {
        if (!leaveSent) {
            leaveSent = true;
            control(Frame.LEAVE, new ControlMessage.Leave(engine.rank));
        }
    }

    /** True when both sides have said farewell, or the peer has and is not there any more to hear ours. */
    boolean departed() {
        // Who has left may be gone already; then it had our farewell.
        return left && leaveSent && (gone || controls.isEmpty());
    }

    /** The peer has said that the attempt has failed. */
    void knowsOfFailure() {
        knows = true;
    }

    /** True when the peer knows of the failure, or cannot be told. */
    boolean informed() {
        return knows || gone || engine.isMissing(rank); // who has left still waits for our farewell
    }

    /** This rank has not listened for {@code nanos}. */
    void excuse(long nanos) {
        lastHeard += nanos;
    }

    /** When this peer wants to be ticked next. */
    long nextWanted() {
        return open() ? nextHeartbeat : nextHello;
    }

    void dropTransfers() {
        sending.clear();
        outbounds.clear();
        inbounds.clear();
        earlyGrants.clear();
        early.values().forEach(frames -> frames.forEach(frame -> frame.block.release()));
        early.clear();
        earlyBytes = 0;
    }

    void close() {
        dropTransfers();
        out.close();
    }

    String describe() {
        return "rank " + rank + " on " + address.host() + " by " + transport.name() + ": "
                + (left ? "left" : open() ? "open" : bound ? "handshake" : "dialled")
                + (peerReadsUs ? ", reads our memory" : "") + (engine.memory.reads(address) ? ", memory read" : "");
    }
}
