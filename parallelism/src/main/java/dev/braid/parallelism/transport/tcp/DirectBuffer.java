package dev.braid.parallelism.transport.tcp;

import dev.braid.tensor.kernels.Addresses;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Memory outside the heap that sockets read and write without a copy, freed at {@link #close} and not when it pleases. */
final class DirectBuffer implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private final ByteBuffer bytes;

    DirectBuffer(int capacity) {
        memory = arena.allocate(capacity, 64);
        bytes = memory.asByteBuffer();
    }

    /** The buffer, big-endian; its position and limit are the user's. */
    ByteBuffer bytes() {
        return bytes;
    }

    /** Address of byte {@code index}. */
    long address(int index) {
        return memory.address() + index;
    }

    /** Appends {@code count} bytes from {@code source}. */
    void put(long source, int count) {
        Addresses.copy(source, address(bytes.position()), count);
        bytes.position(bytes.position() + count);
    }

    int capacity() {
        return bytes.capacity();
    }

    @Override
    public void close() {
        arena.close();
    }
}
