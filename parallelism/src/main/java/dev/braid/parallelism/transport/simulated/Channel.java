package dev.braid.parallelism.transport.simulated;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.SendResult;

/** A one-way channel: the sender's side of it, and what the network knows of it. */
final class Channel implements Outgoing {
    final int id;
    final SimulatedTransport from;
    final SimulatedTransport to;
    /** Frames under way or in the receiver's inbox. */
    int queued;
    /** Bytes of these. */
    long queuedBytes;
    /** When the last of the frames that keep their order arrives. */
    long lastInOrder;
    /** When the last of all frames arrives. */
    long lastArrival;

    boolean connected;
    /** The sender has closed it. */
    boolean closed;
    /** The receiver wants no more of it, or is gone. */
    boolean refused;
    /** The receiver was told that it ended. */
    boolean ended;
    /** A frame did not fit; the sender is to be polled once there is room. */
    boolean waiting;
    /** Probability that a frame under way is lost, since its sender died or closed. */
    double losing;
    /** A frame was lost by that, so none comes after it. */
    boolean lost;
    /** Why it ends for the receiver. */
    String ending = "";
    /** Why it is broken for the sender; empty while it is not. */
    String fault = "";

    private final SimulatedNetwork network;

    Channel(SimulatedNetwork network, int id, SimulatedTransport from, SimulatedTransport to) {
        this.network = network;
        this.id = id;
        this.from = from;
        this.to = to;
    }

    @Override
    public int maxFrame() {
        return network.faults().maxFrame();
    }

    @Override
    public SendResult send(long header, int headerBytes, long payload, int payloadBytes) {
        if (headerBytes < 1 || payloadBytes < 0 || (long) headerBytes + payloadBytes > maxFrame()) {
            throw new IllegalArgumentException("a frame of " + headerBytes + " + " + payloadBytes + " bytes from rank "
                    + from.rank + " to rank " + to.rank + " must have a header, and at most " + maxFrame() + " bytes");
        }
        if (from.killed) {
            // Its code runs on to the end of the poll in which it died; nobody hears it.
            return SendResult.BUSY;
        }
        if (closed || from.closed || !fault.isEmpty()) {
            return SendResult.BROKEN;
        }
        if (!connected || queued >= network.faults().queueFrames()) {
            waiting = true;
            network.busy(this);
            return SendResult.BUSY;
        }
        network.transmit(this, header, headerBytes, payload, payloadBytes);
        return SendResult.SENT;
    }

    @Override
    public String fault() {
        return (closed || from.closed) && fault.isEmpty() ? "closed by this rank" : fault;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            network.senderCloses(this);
        }
    }

    /** Has the sender polled when a frame did not fit before, and now there is room. */
    void wakeSender() {
        if (waiting) {
            waiting = false;
            from.attention = true;
        }
    }

    /** State for a person. */
    String describe() {
        String state = closed ? "closed" : !fault.isEmpty() ? "broken: " + fault : connected ? "open" : "not connected";
        return "channel " + id + ", rank " + from.rank + " to rank " + to.rank + ": " + state + ", " + queued
                + " frames of " + queuedBytes + " bytes under way";
    }
}
