package dev.braid.parallelism.engine;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/** Knows how much of a range is complete from its front, whatever the order in which its parts become complete. */
final class Prefix {
    private final TreeMap<Long, Long> ahead = new TreeMap<>();
    private final LongConsumer grown;
    private long length;

    /** @param grown is told the new length whenever it has grown */
    Prefix(LongConsumer grown) {
        this.grown = grown;
    }

    /** The part of {@code bytes} bytes from {@code offset} is complete. Parts do not overlap. */
    void add(long offset, long bytes) {
        if (offset != length) {
            ahead.put(offset, bytes);
            return;
        }
        length += bytes;
        for (Map.Entry<Long, Long> next = ahead.firstEntry();
                next != null && next.getKey() == length;
                next = ahead.firstEntry()) {
            length += next.getValue();
            ahead.pollFirstEntry();
        }
        grown.accept(length);
    }
}
