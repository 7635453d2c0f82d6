package dev.braid.tensor;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Memory in a {@link SharedFile}. Blocks are cut from extents one after the other; what is left at the end of one is used by
 * smaller blocks, or never touched, and then takes no memory.
 */
final class FileBacking implements Backing {
    private static final long EXTENT = 64L << 20;

    /** The part of an extent that is still free. */
    private static final class Rest {
        final long end;
        long next;

        Rest(long next, long end) {
            this.next = next;
            this.end = end;
        }

        /** Cuts a block off, or answers 0 when it does not fit. */
        long cut(long size, long alignment) {
            long start = (next + alignment - 1) & -alignment;
            if (size > end - start) {
                return 0;
            }
            next = start + size;
            return start;
        }
    }

    private final SharedFile file;
    private final List<Rest> rests = new ArrayList<>();

    FileBacking(SharedFile file) throws IOException {
        this.file = file;
        rests.add(extend(EXTENT, SharedFile.HEAD_BYTES));
    }

    private Rest extend(long bytes, long head) throws IOException {
        SharedFile.Extent extent = file.extend(bytes);
        return new Rest(extent.address() + head, extent.address() + extent.bytes());
    }

    @Override
    public long reserve(long size) throws IOException {
        long alignment = size >= Memory.HUGE_PAGE ? Memory.HUGE_PAGE : Memory.ALIGNMENT;
        for (Rest rest : rests) {
            long address = rest.cut(size, alignment);
            if (address != 0) {
                return address;
            }
        }
        Rest rest = extend(Math.max(EXTENT, size), 0);
        rests.add(rest);
        rests.removeIf(other -> other.end - other.next < Memory.ALIGNMENT && other != rest);
        return rest.cut(size, alignment);
    }

    @Override
    public boolean contains(long address, long bytes) {
        return file.offset(address, bytes) >= 0;
    }

    @Override
    public Optional<SharedFile> sharedFile() {
        return Optional.of(file);
    }

    @Override
    public void close() {
        file.close();
    }
}
