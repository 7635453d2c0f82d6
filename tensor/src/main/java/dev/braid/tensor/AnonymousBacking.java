package dev.braid.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/** Memory of this process alone, one piece for each block. */
final class AnonymousBacking implements Backing {
    private final Arena arena = Arena.ofShared();
    private final ConcurrentSkipListMap<Long, Long> pieces = new ConcurrentSkipListMap<>();

    @Override
    public long reserve(long size) {
        boolean big = size >= Memory.HUGE_PAGE;
        MemorySegment segment = arena.allocate(size, big ? Memory.HUGE_PAGE : Memory.ALIGNMENT);
        if (big) {
            HugePages.advise(segment);
        }
        pieces.put(segment.address(), size);
        return segment.address();
    }

    @Override
    public boolean contains(long address, long bytes) {
        Map.Entry<Long, Long> piece = pieces.floorEntry(address);
        return piece != null && bytes >= 0 && bytes <= piece.getValue() - (address - piece.getKey());
    }

    @Override
    public Optional<SharedFile> sharedFile() {
        return Optional.empty();
    }

    @Override
    public void close() {
        pieces.clear();
        arena.close();
    }
}
