package dev.braid.parallelism.control;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.control.ControlMessage.Proof;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What ranks of one attempt compute from the run's secret and from nonces that each has drawn for one link.
 *
 * <p>All of it is HMAC-SHA-256 (RFC 2104) over a label, the run id, the attempt, the sending rank, the receiving rank, the
 * sender's nonce and the receiver's nonce, each preceded by its length in bytes; lengths and numbers are 32 bits, big-endian. The
 * label tells the uses apart, the order of the ranks the directions, and the nonces make a replay worthless. Thread-safe.
 */
public final class Handshake {
    /** Bytes of a nonce. */
    public static final int NONCE_BYTES = 16;

    /** Bytes of a proof's code. */
    public static final int MAC_BYTES = 32;

    private static final String ALGORITHM = "HmacSHA256";
    private static final String PROOF_LABEL = "braid/1/proof";
    private static final String EPOCH_LABEL = "braid/1/epoch";
    private static final String LINK_KEY_LABEL = "braid/1/link-key";

    private final SecretKeySpec secret;
    private final byte[] runId;
    private final int attempt;

    /** For the attempt that {@code settings} name. */
    public Handshake(CommunicationSettings settings) {
        this.secret = new SecretKeySpec(settings.secret(), ALGORITHM);
        this.runId = settings.runId().getBytes(StandardCharsets.UTF_8);
        this.attempt = settings.attempt();
    }

    /** Names the attempt in every frame: frames of another attempt or run, or of one without the secret, have another. */
    public long epoch() {
        byte[] none = new byte[NONCE_BYTES];
        return ByteBuffer.wrap(mac(EPOCH_LABEL, 0, 0, none, none)).getLong();
    }

    /**
     * What {@code from} says to {@code to} when it has heard its hello.
     *
     * @param own the nonce that {@code from} has drawn for the link
     * @param peer the nonce of the hello of {@code to}
     */
    public Proof prove(int from, int to, byte[] own, byte[] peer) {
        return new Proof(from, to, peer.clone(), mac(PROOF_LABEL, from, to, own, peer));
    }

    /**
     * True when {@code proof} could only be made by one who knows the secret, for this link and these nonces. Takes the same time
     * whether the code is wrong in its first byte or its last.
     *
     * @param own the nonce that {@code proof.to()} has drawn for the link
     * @param peer the nonce of the hello of {@code proof.from()}
     */
    public boolean proves(Proof proof, byte[] own, byte[] peer) {
        byte[] expected = mac(PROOF_LABEL, proof.from(), proof.to(), peer, own);
        boolean rightNonce = MessageDigest.isEqual(own, proof.nonce());
        return MessageDigest.isEqual(expected, proof.mac()) & rightNonce;
    }

    /**
     * The 64 bits that key the checksums of frames from {@code from} to {@code to}: unknown to those without the secret, and
     * another for each direction and each link.
     */
    public long linkKey(int from, int to, byte[] fromNonce, byte[] toNonce) {
        return ByteBuffer.wrap(mac(LINK_KEY_LABEL, from, to, fromNonce, toNonce))
                .getLong();
    }

    private byte[] mac(String label, int from, int to, byte[] fromNonce, byte[] toNonce) {
        checkNonce(fromNonce);
        checkNonce(toNonce);
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(secret);
            update(mac, label.getBytes(StandardCharsets.US_ASCII));
            update(mac, runId);
            update(mac, bytes(attempt));
            update(mac, bytes(from));
            update(mac, bytes(to));
            update(mac, fromNonce);
            update(mac, toNonce);
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has " + ALGORITHM, e);
        }
    }

    private static void checkNonce(byte[] nonce) {
        if (nonce.length != NONCE_BYTES) {
            throw new IllegalArgumentException("nonce has " + nonce.length + " bytes, must have " + NONCE_BYTES);
        }
    }

    private static void update(Mac mac, byte[] field) {
        mac.update(bytes(field.length));
        mac.update(field);
    }

    private static byte[] bytes(int value) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(value).array();
    }
}
