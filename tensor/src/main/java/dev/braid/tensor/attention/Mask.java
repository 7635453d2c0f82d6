package dev.braid.tensor.attention;

/** Takes the pairs that don't count out of a score tile. */
final class Mask {
    private Mask() {}

    /**
     * Sets the scores of keys that a query does not see to minus infinity.
     *
     * @param query of the first row
     * @param key of the first column
     * @param visible columns, from the first, that one of the rows may see
     * @param tileRow bytes from one row to the next
     * @param columns of the tile, at least {@code visible}
     */
    static void apply(
            AttentionSpec spec, int query, int rows, int key, int visible, long tile, long tileRow, int columns) {
        if (columns != visible || columns > spec.keysEnd(query) - key) {
            for (int i = 0; i < rows; i++) {
                int end = Math.clamp(spec.keysEnd(query + i) - (long) key, 0, visible);
                Softmax.mask(tile + i * tileRow, end, columns);
            }
        }
        int sinks = Math.max(spec.sinkKeys() - key, 0);
        if (spec.windowStart(query + rows - 1) - key > sinks) {
            for (int i = 0; i < rows; i++) {
                int start = Math.min(spec.windowStart(query + i) - key, columns);
                Softmax.mask(tile + i * tileRow, sinks, start);
            }
        }
    }
}
