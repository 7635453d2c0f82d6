package dev.braid.parallelism.transport;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Frames with contents that follow from a number: byte {@code i} of frame {@code n} is {@code n + 31 i}. */
public final class Numbered implements AutoCloseable {
    private static final int HEADER = 8;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory = arena.allocate(1 << 20);

    /** Sends frame {@code number}, cut into a header of up to 8 bytes and a payload; spoils the memory afterwards. */
    public SendResult send(Outgoing outgoing, int number, int bytes) {
        for (int i = 0; i < bytes; i++) {
            memory.set(ValueLayout.JAVA_BYTE, i, value(number, i));
        }
        int header = Math.min(HEADER, bytes);
        SendResult result = outgoing.send(memory.address(), header, memory.address() + header, bytes - header);
        memory.asSlice(0, bytes).fill((byte) 0x5a);
        return result;
    }

    /** The bytes of frame {@code number}. */
    public static byte[] bytes(int number, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = value(number, i);
        }
        return bytes;
    }

    @Override
    public void close() {
        arena.close();
    }

    private static byte value(int number, int i) {
        return (byte) (number + 31 * i);
    }
}
