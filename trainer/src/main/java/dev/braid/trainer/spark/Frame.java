package dev.braid.trainer.spark;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * One message between a rank and the driver: a kind (1 byte), the length of the text (4 bytes, big-endian) and the text in
 * UTF-8.
 */
record Frame(Kind kind, String text) {
    /** The longest text in bytes. */
    static final int LIMIT = 1 << 24;

    enum Kind {
        /** driver to rank: you are part of the run */
        ACCEPTED,
        /** driver to rank: you are not, and why; the connection ends */
        REFUSED,
        /** driver to rank: save and return */
        STOP,
        /** driver to rank: all that you sent has been handled */
        ACKNOWLEDGED,
        /** rank to driver: an event, JSON */
        EVENT,
        /** rank to driver: a {@link RankFailure}, JSON; the last frame */
        FAILED,
        /** rank to driver: the program has returned; the last frame */
        DONE
    }

    private static final Kind[] KINDS = Kind.values();

    Frame(Kind kind) {
        this(kind, "");
    }

    void write(DataOutputStream output) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > LIMIT) {
            throw new IllegalArgumentException(
                    "a message of %d bytes is too long; the limit is %d".formatted(bytes.length, LIMIT));
        }
        output.writeByte(kind.ordinal());
        output.writeInt(bytes.length);
        output.write(bytes);
    }

    /**
     * Reads the next frame.
     *
     * @throws java.io.EOFException when the other end has closed
     * @throws IOException when the bytes are no frame
     */
    static Frame read(DataInputStream input) throws IOException {
        int kind = input.readUnsignedByte();
        int length = input.readInt();
        if (kind >= KINDS.length || length < 0 || length > LIMIT) {
            throw new IOException("not a message of a rank: kind %d, length %d".formatted(kind, length));
        }
        byte[] bytes = new byte[length];
        input.readFully(bytes);
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return new Frame(KINDS[kind], text);
        } catch (CharacterCodingException notText) {
            throw new IOException("a message of kind " + KINDS[kind] + " is not UTF-8", notText);
        }
    }
}
