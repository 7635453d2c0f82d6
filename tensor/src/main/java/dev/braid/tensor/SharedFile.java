package dev.braid.tensor;

import dev.braid.tensor.kernels.Addresses;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The memory file behind a {@link Memory#shared()}: a file without a name, that other processes of the machine open through
 * {@code /proc}, and which is gone when the last process that maps it ends, however it ends.
 *
 * <p>The file grows by extents. Its head lists them, so that a {@link PeerFile} can map each once:
 *
 * <pre>
 * 0      i64  magic
 * 8      i64  number of extents, written last
 * 16     i64  offset of extent 0, i64 its bytes, ...
 * 65536  first byte of extent 0 that holds tensors
 * </pre>
 *
 * <p>{@link #offset} may be called from any thread; the rest by the memory under its lock.
 */
public final class SharedFile {
    static final long MAGIC = 0x31_65_6C_69_46_64_69_61L;
    static final long HEAD_BYTES = 1 << 16;
    static final int MOST_EXTENTS = (int) (HEAD_BYTES / 16 - 1);
    /** Offsets and addresses of extents are multiples of a huge page, which both must be for the kernel to use one. */
    static final long ALIGNMENT = 2L << 20;

    /** A mapped stretch of the file. */
    record Extent(long address, long offset, long bytes) {}

    private final int file;
    private final ConcurrentSkipListMap<Long, Extent> extents = new ConcurrentSkipListMap<>();
    private long head;
    private long length;

    private SharedFile(int file) {
        this.file = file;
    }

    /** An empty file. */
    static SharedFile create() throws IOException {
        if (!Posix.available()) {
            throw new IOException("memory files need Linux");
        }
        return new SharedFile(Posix.createMemoryFile("braid"));
    }

    /** The operating system's id of this process. */
    public long processId() {
        return ProcessHandle.current().pid();
    }

    /** The file's descriptor in this process. */
    public int descriptor() {
        return file;
    }

    /** Where in the file {@code bytes} at {@code address} lie, or -1 when they are not in it. Takes no lock. */
    public long offset(long address, long bytes) {
        Map.Entry<Long, Extent> entry = extents.floorEntry(address);
        if (entry == null || bytes < 0) {
            return -1;
        }
        Extent extent = entry.getValue();
        long within = address - extent.address();
        return bytes <= extent.bytes() - within ? extent.offset() + within : -1;
    }

    /** Makes the file longer by at least {@code bytes} and maps the new part. */
    Extent extend(long bytes) throws IOException {
        if (extents.size() == MOST_EXTENTS) {
            throw new IOException("a memory file has at most " + MOST_EXTENTS + " extents");
        }
        long size = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        Posix.extend(file, length + size);
        long address = Posix.mapToWrite(file, length, size, ALIGNMENT);
        HugePages.advise(MemorySegment.ofAddress(address).reinterpret(size));
        Extent extent = new Extent(address, length, size);
        if (extents.isEmpty()) {
            head = address;
            Addresses.setLong(head, 0, MAGIC);
        }
        list(extent, extents.size());
        extents.put(address, extent);
        length += size;
        return extent;
    }

    private void list(Extent extent, int index) {
        Addresses.setLong(head, 2 + 2L * index, extent.offset());
        Addresses.setLong(head, 3 + 2L * index, extent.bytes());
        Addresses.setLongRelease(head, 1, index + 1L);
    }

    /** Unmaps everything and closes the file. What peers have mapped stays with them. */
    void close() {
        try {
            for (Extent extent : extents.values()) {
                Posix.unmap(extent.address(), extent.bytes());
            }
            extents.clear();
            Posix.close(file);
        } catch (IOException failure) {
            throw new IllegalStateException("the memory file could not be closed", failure);
        }
    }

    @Override
    public String toString() {
        return "memory file " + file + " of process " + processId();
    }
}
