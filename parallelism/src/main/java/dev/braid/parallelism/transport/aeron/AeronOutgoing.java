package dev.braid.parallelism.transport.aeron;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.tensor.kernels.Addresses;
import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Publication;
import io.aeron.logbuffer.BufferClaim;
import java.nio.file.Path;

/**
 * A channel to one peer. The publication is made and closed by the client's thread; frames are written by the caller straight
 * into the log buffer.
 */
final class AeronOutgoing implements Outgoing {
    private final AeronClient client;
    private final String peer;
    private final long process;
    private final String channel;
    private final int stream;
    private final int maxFrame;
    private final long logBytes;
    private final BufferClaim claim = new BufferClaim();
    private volatile ExclusivePublication publication;
    private volatile String fault = "";
    private volatile boolean unopened;
    private volatile boolean peerEnded;
    private boolean connected;
    private volatile boolean closed;
    private long registration;
    private boolean processMissed;

    /** @param process of the peer on this host; 0 when it is none of this host, or not known */
    AeronOutgoing(
            AeronClient client, String peer, long process, String channel, int stream, int maxFrame, long logBytes) {
        this.client = client;
        this.peer = peer;
        this.process = process;
        this.channel = channel;
        this.stream = stream;
        this.maxFrame = maxFrame;
        this.logBytes = logBytes;
        client.execute(this::open);
    }

    @Override
    public int maxFrame() {
        return maxFrame;
    }

    @Override
    public SendResult send(long header, int headerBytes, long payload, int payloadBytes) {
        ExclusivePublication target = publication;
        if (closed || !fault().isEmpty()) {
            return SendResult.BROKEN;
        }
        if (target == null) {
            return SendResult.BUSY;
        }
        int bytes = headerBytes + payloadBytes;
        if (bytes > maxFrame) {
            throw new IllegalArgumentException("frame of " + bytes + " bytes, at most " + maxFrame + " fit");
        }
        long position = target.tryClaim(bytes, claim);
        if (position == Publication.ADMIN_ACTION) {
            // The term was full and has been changed: the next claim has a fresh one.
            position = target.tryClaim(bytes, claim);
        }
        if (position > 0) {
            long to = claim.buffer().addressOffset() + claim.offset();
            Addresses.copy(header, to, headerBytes);
            Addresses.copy(payload, to + headerBytes, payloadBytes);
            claim.commit();
            connected = true;
            return SendResult.SENT;
        }
        return refused(position);
    }

    private SendResult refused(long position) {
        if (position == Publication.BACK_PRESSURED || position == Publication.ADMIN_ACTION) {
            return SendResult.BUSY;
        }
        if (position == Publication.NOT_CONNECTED) {
            if (!connected) {
                return SendResult.BUSY;
            }
            // A receiver that comes back would miss what was sent meanwhile.
            fault = peer + " does not receive any more: it has closed its side, died, or refused this channel";
        } else if (position == Publication.MAX_POSITION_EXCEEDED) {
            fault = "the channel to " + peer + " has carried all the " + publication.maxPossiblePosition()
                    + " bytes that Aeron can count with terms of " + publication.termBufferLength()
                    + " bytes: start another attempt";
        } else {
            fault = "the channel to " + peer + " was closed under way";
        }
        return SendResult.BROKEN;
    }

    @Override
    public String fault() {
        // A driver that is gone closes all channels: it is the cause, they are the effect.
        String cause = client.fault();
        return cause.isEmpty() ? fault : cause;
    }

    /** True when the driver could not make the channel, which is no fault of the peer. */
    boolean unopened() {
        return unopened && !fault.isEmpty();
    }

    private String lackOfSpace(Aeron aeron) {
        return AeronSpace.check(Path.of(aeron.context().aeronDirectoryName()), logBytes, "the channel to " + peer);
    }

    /** Another channel may have taken the space that was there when this one asked: the driver then says less than we can. */
    private void unopened(Aeron aeron, String complaint) {
        String space = lackOfSpace(aeron);
        unopened(space.isEmpty() ? "the channel to " + peer + " could not be opened: " + complaint : space);
    }

    private void unopened(String reason) {
        unopened = true; // first, so that whoever sees the fault knows whose it is
        fault = reason;
    }

    /**
     * On the client's thread, now and then: the driver needs many seconds to notice that a process has died, but the system knows.
     * The second look gives time to read the last words of a peer that has ended by itself.
     */
    void probe() {
        if (process > 0 && ProcessHandle.of(process).isEmpty()) {
            if (processMissed && !peerEnded) {
                fault = "its process " + process + " has ended";
                peerEnded = true;
            }
            processMissed = true;
        }
    }

    @Override
    public boolean peerEnded() {
        // Nobody probes once the driver is gone.
        return peerEnded
                || process > 0
                        && !client.fault().isEmpty()
                        && ProcessHandle.of(process).isEmpty();
    }

    /** Bytes of the log buffer, from the moment it is asked for. */
    long bufferBytes() {
        return closed ? 0 : logBytes;
    }

    /** State for a person. */
    String describe() {
        ExclusivePublication target = publication;
        String state = !fault().isEmpty()
                ? fault()
                : target == null ? "opening" : target.isConnected() ? "connected" : "waiting for the peer";
        return "to " + peer + ": " + state;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            client.execute(this::release);
        }
    }

    private void open(Aeron aeron) {
        if (closed) {
            return;
        }
        String space = lackOfSpace(aeron);
        if (!space.isEmpty()) {
            unopened(space);
            return;
        }
        client.watch(this);
        registration = aeron.asyncAddExclusivePublication(channel, stream);
        client.repeat(() -> adopt(aeron));
    }

    private boolean adopt(Aeron aeron) {
        if (closed || aeron.isClosed()) {
            return true;
        }
        if (aeron.isCommandActive(registration)) {
            return false;
        }
        try {
            publication = aeron.getExclusivePublication(registration);
            if (publication == null) {
                unopened(aeron, client.lastError());
            }
        } catch (RuntimeException failure) {
            unopened(aeron, failure.getMessage());
        }
        return true;
    }

    private void release(Aeron aeron) {
        client.forget(this);
        ExclusivePublication target = publication;
        if (target != null) {
            target.close();
        } else if (registration != 0) {
            aeron.asyncRemovePublication(registration);
        }
    }
}
