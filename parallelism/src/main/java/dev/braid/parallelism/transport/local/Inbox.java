package dev.braid.parallelism.transport.local;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Where rings that peers have opened wait to be accepted. Inboxes are known to the JVM by a random text, so that ranks of
 * different attempts, or of different runs, never meet by chance. An inbox that is never closed stays in the JVM's register.
 */
final class Inbox {
    /** The one thing that ranks of a JVM must have in common to find each other. */
    private static final Map<String, Inbox> OPEN = new ConcurrentHashMap<>();

    private final String token;
    private final Queue<ByteRing> arrived = new ConcurrentLinkedQueue<>();
    private volatile String closed = "";

    private Inbox(String token) {
        this.token = token;
    }

    /** A new inbox, known to the JVM from now on. */
    static Inbox open() {
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        Inbox inbox = new Inbox(HexFormat.of().formatHex(random));
        OPEN.put(inbox.token, inbox);
        return inbox;
    }

    /** The inbox with that token, unless it was closed or belongs to another JVM. */
    static Optional<Inbox> find(String token) {
        return Optional.ofNullable(OPEN.get(token));
    }

    /** Number of inboxes that are open in this JVM. */
    static int count() {
        return OPEN.size();
    }

    String token() {
        return token;
    }

    /** Leaves a ring here. Any thread. */
    void offer(ByteRing ring) {
        arrived.add(ring);
        // The owner may have emptied the queue for the last time before the ring was added.
        if (!closed.isEmpty()) {
            ring.close(ByteRing.Side.READER, closed);
        }
    }

    /** The next ring that arrived. Called by the owner only. */
    Optional<ByteRing> accept() {
        return Optional.ofNullable(arrived.poll());
    }

    /** Takes the inbox out of the register and turns away what waits in it. Called by the owner only, who accepts no more. */
    void close(String reason) {
        OPEN.remove(token);
        closed = reason;
        for (ByteRing ring = arrived.poll(); ring != null; ring = arrived.poll()) {
            ring.close(ByteRing.Side.READER, reason);
        }
    }
}
