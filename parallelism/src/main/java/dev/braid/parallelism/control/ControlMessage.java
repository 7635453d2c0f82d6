package dev.braid.parallelism.control;

import dev.braid.parallelism.CommunicationException;
import java.util.List;

/** A message that travels as the payload of a control frame. Byte arrays are never changed after construction. */
public sealed interface ControlMessage {
    /** Opens a channel. Sent again until it is answered. {@code nonce}: 16 random bytes, fresh for each link. */
    record Hello(String runId, int attempt, int from, int to, byte[] nonce) implements ControlMessage {}

    /**
     * Answers a hello on the channel of the other direction.
     *
     * @param nonce of the hello that is answered
     * @param mac HMAC-SHA-256 under the run's secret over role, run, attempt, from, to and both nonces
     */
    record Proof(int from, int to, byte[] nonce, byte[] mac) implements ControlMessage {}

    /**
     * Sent once the peer's proof was found right: from now on frames of the peer are taken. {@code readsMemory}: the sender can
     * read the receiver's shareable memory in place.
     */
    record Ready(int from, int to, boolean readsMemory) implements ControlMessage {}

    /**
     * The sender has failed or was told of a failure, and so has the attempt.
     *
     * @param origin the rank that found out
     * @param kind what kind of failure it is
     * @param missing ranks that are dead, silent, late or cancelled: the cause, as far as it is known
     * @param reason one sentence for a person
     */
    record Abort(int origin, CommunicationException.Kind kind, List<Integer> missing, String reason)
            implements ControlMessage {}

    /** The sender closes in order and sends nothing more. */
    record Leave(int from) implements ControlMessage {}
}
