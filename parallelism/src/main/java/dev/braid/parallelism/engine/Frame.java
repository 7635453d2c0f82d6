package dev.braid.parallelism.engine;

import dev.braid.tensor.kernels.Addresses;
import java.util.zip.CRC32C;

/**
 * Layout of a frame: a header of 64 bytes, little-endian, and a payload.
 *
 * <pre>
 *  0 magic int         4 checksum int     8 kind byte, operation byte, dtype byte, variant byte   12 payload bytes int
 * 16 epoch long       24 group int       28 source rank int
 * 32 sequence long    40 lane int        44 bytes a piece int
 * 48 offset long      56 total bytes long
 * </pre>
 *
 * The checksum is CRC-32C over the link's key, the header behind the checksum, and the payload unless the transport keeps bytes
 * intact by itself.
 */
final class Frame {
    /** Bytes of the header. */
    static final int HEADER = 64;

    static final int MAGIC = 0x42524431;

    /** Kinds: the handshake, whose payload is a control message and whose checksum has no key. */
    static final byte HELLO = 1;

    static final byte PROOF = 2;
    /** Kinds of an open link. */
    static final byte READY = 3;
    /** A sign of life; offset: eager bytes of the receiver's that the sender has consumed so far. */
    static final byte HEARTBEAT = 4;

    static final byte ABORT = 5;
    static final byte LEAVE = 6;
    /** A piece of a transfer: payload at offset. */
    static final byte DATA = 7;
    /** A piece of a transfer that the receiver reads in place; payload: its location and its bytes, two longs. */
    static final byte REFERENCE = 8;
    /** The receiver has read the whole transfer in place. */
    static final byte RELEASE = 9;
    /** The receiver is ready for a large transfer. */
    static final byte GRANT = 10;

    static final int LAST_KIND = GRANT;

    private Frame() {}

    static byte kind(long frame) {
        return Addresses.getByte(frame, 8);
    }

    static byte operation(long frame) {
        return Addresses.getByte(frame, 9);
    }

    static byte dtype(long frame) {
        return Addresses.getByte(frame, 10);
    }

    static byte variant(long frame) {
        return Addresses.getByte(frame, 11);
    }

    static int payloadBytes(long frame) {
        return Addresses.getInt(frame, 3);
    }

    static long epoch(long frame) {
        return Addresses.getLong(frame, 2);
    }

    static int group(long frame) {
        return Addresses.getInt(frame, 6);
    }

    static int source(long frame) {
        return Addresses.getInt(frame, 7);
    }

    static long sequence(long frame) {
        return Addresses.getLong(frame, 4);
    }

    static int lane(long frame) {
        return Addresses.getInt(frame, 10);
    }

    static int piece(long frame) {
        return Addresses.getInt(frame, 11);
    }

    static long offset(long frame) {
        return Addresses.getLong(frame, 6);
    }

    static long total(long frame) {
        return Addresses.getLong(frame, 7);
    }

    static void write(long frame, byte kind, int payloadBytes, long epoch, int source) {
        for (int i = 0; i < HEADER / Long.BYTES; i++) {
            Addresses.setLong(frame, i, 0);
        }
        Addresses.setInt(frame, 0, MAGIC);
        Addresses.setByte(frame, 8, kind);
        Addresses.setInt(frame, 3, payloadBytes);
        Addresses.setLong(frame, 2, epoch);
        Addresses.setInt(frame, 7, source);
    }

    static void transfer(long frame, Signature signature, TransferKey key, int piece, long offset, long total) {
        Addresses.setByte(frame, 9, signature.operation());
        Addresses.setByte(frame, 10, signature.dtype());
        Addresses.setByte(frame, 11, signature.variant());
        Addresses.setInt(frame, 6, key.group());
        Addresses.setLong(frame, 4, key.sequence());
        Addresses.setInt(frame, 10, key.lane());
        Addresses.setInt(frame, 11, piece);
        Addresses.setLong(frame, 6, offset);
        Addresses.setLong(frame, 7, total);
    }

    static void offset(long frame, long offset) {
        Addresses.setLong(frame, 6, offset);
    }

    /** Puts the checksum into a finished header; the payload lies elsewhere. */
    static void seal(long frame, long key, long payload, int payloadBytes, boolean intact, CRC32C crc) {
        Addresses.setInt(frame, 1, checksum(frame, key, payload, payloadBytes, intact, crc));
    }

    /** True when {@code bytes} at {@code frame} are a whole frame of ours as far as its form goes. */
    static boolean wellFormed(long frame, int bytes) {
        return bytes >= HEADER
                && Addresses.getInt(frame, 0) == MAGIC
                && payloadBytes(frame) == bytes - HEADER
                && kind(frame) >= HELLO
                && kind(frame) <= LAST_KIND;
    }

    static boolean sealed(long frame, long key, boolean intact, CRC32C crc) {
        return Addresses.getInt(frame, 1) == checksum(frame, key, frame + HEADER, payloadBytes(frame), intact, crc);
    }

    private static int checksum(long frame, long key, long payload, int payloadBytes, boolean intact, CRC32C crc) {
        crc.reset();
        crc.update((int) (key & 0xFF));
        crc.update((int) (key >>> 8 & 0xFF));
        crc.update((int) (key >>> 16 & 0xFF));
        crc.update((int) (key >>> 24 & 0xFF));
        crc.update((int) (key >>> 32 & 0xFF));
        crc.update((int) (key >>> 40 & 0xFF));
        crc.update((int) (key >>> 48 & 0xFF));
        crc.update((int) (key >>> 56));
        crc.update(Addresses.asByteBuffer(frame + 8, HEADER - 8));
        // A reference and every control message are covered always: they are small, and what they say is acted upon.
        if (payloadBytes > 0 && (!intact || kind(frame) != DATA)) {
            crc.update(Addresses.asByteBuffer(payload, payloadBytes));
        }
        return (int) crc.getValue();
    }
}
