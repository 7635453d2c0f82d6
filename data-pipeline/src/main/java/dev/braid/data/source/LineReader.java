package dev.braid.data.source;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Reads lines as bytes and knows where it is. The line's bytes are valid until the next call. */
final class LineReader {
    private final InputStream in;
    private final byte[] buffer = new byte[1 << 16];
    private int from;
    private int to;
    private long position;
    private byte[] line = new byte[1 << 12];
    private int length;

    LineReader(InputStream in, long position) {
        this.in = in;
        this.position = position;
    }

    /** Reads the next line, without its newline; false at the end of the file. */
    boolean next() throws IOException {
        length = 0;
        boolean any = false;
        while (true) {
            if (from == to) {
                to = Math.max(0, in.read(buffer));
                from = 0;
                if (to == 0) {
                    return any;
                }
            }
            any = true;
            int end = from;
            while (end < to && buffer[end] != '\n') {
                end++;
            }
            append(end);
            if (end < to) {
                position += end + 1 - from;
                from = end + 1;
                return true;
            }
            position += end - from;
            from = end;
        }
    }

    private void append(int end) {
        int count = end - from;
        if (length + count > line.length) {
            line = Arrays.copyOf(line, Math.max(Math.addExact(length, count), (int)
                    Math.min(Integer.MAX_VALUE - 8, line.length * 2L)));
        }
        System.arraycopy(buffer, from, line, length, count);
        length += count;
    }

    /** Where the next line begins. */
    long position() {
        return position;
    }

    /** Holds the line from index 0. */
    byte[] bytes() {
        return line;
    }

    /** Bytes of the line. */
    int length() {
        return length;
    }
}
