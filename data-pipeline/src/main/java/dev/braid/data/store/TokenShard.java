package dev.braid.data.store;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.hadoop.fs.FSDataInputStream;

/** One open file of tokens. Any thread may read. */
sealed interface TokenShard {
    /** Number of tokens. */
    long tokens();

    /** Full address, for messages. */
    String address();

    /** Copies {@code count} tokens from token {@code from} to {@code out[at...]}. */
    void read(long from, int count, int[] out, int at) throws IOException;

    /** A local file, mapped into memory. */
    record Mapped(String address, MemorySegment segment, int tokenBytes) implements TokenShard {
        private static final ValueLayout.OfShort SHORT =
                ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

        static Mapped open(Path file, int tokenBytes, Arena arena) throws IOException {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                return new Mapped(
                        file.toString(), channel.map(MapMode.READ_ONLY, 0, channel.size(), arena), tokenBytes);
            }
        }

        @Override
        public long tokens() {
            return segment.byteSize() / tokenBytes;
        }

        @Override
        public void read(long from, int count, int[] out, int at) {
            long offset = from * tokenBytes;
            for (int index = 0; index < count; index++, offset += tokenBytes) {
                out[at + index] = tokenBytes == Short.BYTES
                        ? Short.toUnsignedInt(segment.get(SHORT, offset))
                        : segment.get(INT, offset);
            }
        }
    }

    /** A file elsewhere, read piece by piece. */
    record Remote(Store store, String name, long tokens, int tokenBytes) implements TokenShard {
        @Override
        public String address() {
            return store.address() + "/" + name;
        }

        @Override
        public void read(long from, int count, int[] out, int at) throws IOException {
            byte[] bytes = new byte[count * tokenBytes];
            try (FSDataInputStream in = store.open(name)) {
                in.readFully(from * tokenBytes, bytes);
            }
            new Mapped(address(), MemorySegment.ofArray(bytes), tokenBytes).read(0, count, out, at);
        }
    }
}
