package dev.braid.trainer.spark;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;

/**
 * Both ends prove that they know the run's secret without sending it: each answers the other's random challenge by
 * HMAC-SHA256 over both challenges and the rank's numbers. It keeps strangers and ranks of other runs out; it does not
 * encrypt what follows.
 */
final class Handshake {
    static final int BYTES = 32;
    private static final byte[] GREETING = "braid/1\n".getBytes(StandardCharsets.US_ASCII);

    /** Who connected. */
    record Peer(int rank, int attempt) {}

    private Handshake() {}

    static byte[] random() {
        byte[] bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        return bytes;
    }

    /** The driver's part. Returns who is there, or throws when it is no rank of this run. */
    static Peer accept(DataInputStream input, DataOutputStream output, byte[] secret) throws IOException {
        byte[] mine = random();
        output.write(GREETING);
        output.write(mine);
        output.flush();
        Peer peer = new Peer(input.readInt(), input.readInt());
        byte[] theirs = input.readNBytes(BYTES);
        expect(
                answer(secret, "rank", mine, theirs, peer),
                input.readNBytes(BYTES),
                "who connected is no rank of this run");
        output.write(answer(secret, "driver", mine, theirs, peer));
        output.flush();
        return peer;
    }

    /** The rank's part. */
    static void connect(DataInputStream input, DataOutputStream output, byte[] secret, Peer me) throws IOException {
        expect(GREETING, input.readNBytes(GREETING.length), "what listens there is not Braid");
        byte[] theirs = input.readNBytes(BYTES);
        byte[] mine = random();
        output.writeInt(me.rank());
        output.writeInt(me.attempt());
        output.write(mine);
        output.write(answer(secret, "rank", theirs, mine, me));
        output.flush();
        expect(
                answer(secret, "driver", theirs, mine, me),
                input.readNBytes(BYTES),
                "what listens there is another run");
    }

    private static void expect(byte[] expected, byte[] actual, String otherwise) throws IOException {
        if (!MessageDigest.isEqual(expected, actual)) {
            throw new IOException(otherwise);
        }
    }

    private static byte[] answer(byte[] secret, String role, byte[] driver, byte[] rank, Peer peer) {
        byte[] numbers = ByteBuffer.allocate(8)
                .putInt(peer.rank())
                .putInt(peer.attempt())
                .array();
        return Hmac.sign(secret, role.getBytes(StandardCharsets.US_ASCII), driver, rank, numbers);
    }
}
