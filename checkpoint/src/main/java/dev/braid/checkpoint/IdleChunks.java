package dev.braid.checkpoint;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * Chunks that readers leave for the next read of the same tensor, of at most {@link #MOST_TENSORS} tensors. Any thread may
 * take and give back; between the two, what it took is its own.
 */
final class IdleChunks implements AutoCloseable {
    private static final int MOST_TENSORS = 2;

    private final Deque<BandChunks> idle = new ArrayDeque<>();
    private boolean closed;

    /** Those of {@code tensor}; empty ones when nobody left any. */
    synchronized BandChunks take(String tensor) {
        Iterator<BandChunks> all = idle.iterator();
        while (all.hasNext()) {
            BandChunks chunks = all.next();
            if (chunks.tensor().equals(tensor)) {
                all.remove();
                return chunks;
            }
        }
        return new BandChunks(tensor);
    }

    /** Keeps {@code chunks} for the next read, and frees those that were used longest ago. */
    synchronized void give(BandChunks chunks) {
        idle.addFirst(chunks);
        while (idle.size() > (closed ? 0 : MOST_TENSORS)) {
            idle.removeLast().close();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        idle.forEach(BandChunks::close);
        idle.clear();
    }
}
