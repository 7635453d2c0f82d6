package dev.braid.data.store;

import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.CRC32C;

/** Writes tokens to a stream, little-endian, two or four bytes each, and sums them up. For one thread. */
public final class ShardWriter implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 18;

    private final OutputStream out;
    private final int tokenBytes;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private final CRC32C checksum = new CRC32C();
    private int filled;
    private long tokens;

    /** Writes to a stream that it will close. */
    public ShardWriter(OutputStream out, int tokenBytes) {
        this.out = out;
        this.tokenBytes = tokenBytes;
    }

    /** Appends a token. */
    public void write(int token) throws IOException {
        if (filled + Integer.BYTES > BUFFER_BYTES) {
            flush();
        }
        buffer[filled] = (byte) token;
        buffer[filled + 1] = (byte) (token >>> 8);
        if (tokenBytes == Integer.BYTES) {
            buffer[filled + 2] = (byte) (token >>> 16);
            buffer[filled + 3] = (byte) (token >>> 24);
        }
        filled += tokenBytes;
        tokens++;
    }

    private void flush() throws IOException {
        out.write(buffer, 0, filled);
        checksum.update(buffer, 0, filled);
        filled = 0;
    }

    /** Tokens written so far. */
    public long tokens() {
        return tokens;
    }

    /** CRC32C of everything written; right after {@link #close()} only. */
    public long checksum() {
        return checksum.getValue();
    }

    @Override
    public void close() throws IOException {
        try (out) {
            flush();
        }
    }
}
