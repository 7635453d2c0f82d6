package dev.braid.tensor;

import dev.braid.tensor.kernels.Addresses;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The {@link SharedFile} of another process of this machine, mapped for reading extent by extent as it is needed. Addresses stay
 * valid until {@link #close}, also when the process ends. Thread-safe but for closing: nobody may read then.
 */
public final class PeerFile implements AutoCloseable {
    private final int file;
    private final String path;
    private final long head;
    /** By offset in the file. */
    private final ConcurrentSkipListMap<Long, SharedFile.Extent> mapped = new ConcurrentSkipListMap<>();

    private boolean closed;

    private PeerFile(int file, String path, long head) {
        this.file = file;
        this.path = path;
        this.head = head;
    }

    /**
     * Opens the file that process {@code processId} knows as {@code descriptor}.
     *
     * @throws IOException when it cannot be opened, or is no such file; the message says why
     */
    public static PeerFile open(long processId, int descriptor) throws IOException {
        if (!Posix.available()) {
            throw new IOException("memory files need Linux");
        }
        String path = "/proc/" + processId + "/fd/" + descriptor;
        int file;
        try {
            file = Posix.open(path);
        } catch (IOException failure) {
            throw new IOException(path + ": " + failure.getMessage(), failure);
        }
        try {
            return new PeerFile(file, path, head(file));
        } catch (IOException failure) {
            Posix.close(file);
            throw new IOException(path + " is no memory file of this kind: " + failure.getMessage(), failure);
        }
    }

    private static long head(int file) throws IOException {
        if (!Posix.neverShrinks(file)) {
            throw new IOException("it could be cut while it is read");
        }
        if (Posix.length(file) < SharedFile.HEAD_BYTES) {
            throw new IOException("it is too short");
        }
        long head = Posix.mapToRead(file, 0, SharedFile.HEAD_BYTES);
        if (Addresses.getLong(head, 0) != SharedFile.MAGIC) {
            Posix.unmap(head, SharedFile.HEAD_BYTES);
            throw new IOException("it starts with other bytes");
        }
        return head;
    }

    /**
     * The address in this process of {@code bytes} at {@code offset} of the file.
     *
     * @throws IllegalArgumentException when they are not inside one extent of the file
     */
    public long address(long offset, long bytes) {
        Map.Entry<Long, SharedFile.Extent> entry = mapped.floorEntry(offset);
        if (entry != null && inside(entry.getValue().offset(), entry.getValue().bytes(), offset, bytes)) {
            return entry.getValue().address() + offset - entry.getValue().offset();
        }
        SharedFile.Extent extent = map(offset, bytes);
        return extent.address() + offset - extent.offset();
    }

    private synchronized SharedFile.Extent map(long offset, long bytes) {
        if (closed) {
            throw new IllegalStateException(path + " was closed");
        }
        long count = Math.clamp(Addresses.getLongAcquire(head, 1), 0, SharedFile.MOST_EXTENTS);
        for (long i = 0; i < count; i++) {
            long start = Addresses.getLong(head, 2 + 2 * i);
            long size = Addresses.getLong(head, 3 + 2 * i);
            if (inside(start, size, offset, bytes)) {
                return mapped.computeIfAbsent(start, ignored -> mapExtent(start, size));
            }
        }
        throw new IllegalArgumentException(
                bytes + " bytes at offset " + offset + " are not inside one of the " + count + " extents of " + path);
    }

    private SharedFile.Extent mapExtent(long start, long size) {
        try {
            if (size > Posix.length(file) - start) {
                throw new IllegalArgumentException(path + " lists an extent that is longer than the file");
            }
            return new SharedFile.Extent(Posix.mapToRead(file, start, size), start, size);
        } catch (IOException failure) {
            throw new IllegalStateException(path + " could not be mapped: " + failure.getMessage(), failure);
        }
    }

    private static boolean inside(long start, long size, long offset, long bytes) {
        return start >= 0 && offset >= start && bytes >= 0 && bytes <= size - (offset - start);
    }

    /** Bytes of address space that the mappings take. */
    public long mappedBytes() {
        return mapped.values().stream().mapToLong(SharedFile.Extent::bytes).sum();
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            for (SharedFile.Extent extent : mapped.values()) {
                Posix.unmap(extent.address(), extent.bytes());
            }
            mapped.clear();
            Posix.unmap(head, SharedFile.HEAD_BYTES);
            Posix.close(file);
        } catch (IOException failure) {
            throw new IllegalStateException(path + " could not be closed", failure);
        }
    }

    @Override
    public String toString() {
        return path;
    }
}
