package dev.braid.tensor.attention;

/**
 * What attends to what. Query {@code i} of a batch entry has position {@code queryOffset + i}, key {@code j} has
 * {@code keyOffset + j}; batch entry {@code b} owns query rows {@code b * queries ..} and key rows {@code b * keys ..}.
 *
 * @param batch independent sequences
 * @param queries query rows of a batch entry
 * @param keys key and value rows of a batch entry
 * @param queryOffset position of the first query
 * @param keyOffset position of the first key
 * @param causal a query sees only keys whose position is at most its own; otherwise it sees all
 * @param options scores and window; a bounded window needs {@code causal}
 */
public record AttentionSpec(
        int batch, int queries, int keys, long queryOffset, long keyOffset, boolean causal, AttentionOptions options) {

    /** Checks that extents and offsets are possible. */
    public AttentionSpec {
        atLeast("batch", batch, 1);
        atLeast("queries", queries, 1);
        atLeast("keys", keys, 1);
        atLeast("queryOffset", queryOffset, 0);
        atLeast("keyOffset", keyOffset, 0);
        if (options.window().bounded() && !causal) {
            throw new IllegalArgumentException(
                    "an attention window of " + options.window().length()
                            + " counts back from the query: make the attention causal, or the window Window.ALL");
        }
    }

    /** No cap, and no window but that of {@code causal}; {@code scale} is usually {@code 1 / sqrt(headSize)}. */
    public AttentionSpec(
            int batch, int queries, int keys, long queryOffset, long keyOffset, boolean causal, float scale) {
        this(batch, queries, keys, queryOffset, keyOffset, causal, AttentionOptions.scaled(scale));
    }

    /** Causal attention of sequences of {@code length} to themselves, scaled by {@code 1 / sqrt(headSize)}. */
    public static AttentionSpec causal(int batch, int length, int headSize) {
        return causal(batch, length, AttentionOptions.of(headSize));
    }

    /** Causal attention of sequences of {@code length} to themselves. */
    public static AttentionSpec causal(int batch, int length, AttentionOptions options) {
        return new AttentionSpec(batch, length, length, 0, 0, true, options);
    }

    /** See {@link AttentionOptions}. */
    public float scale() {
        return options.scale();
    }

    /** The row after the last key that query {@code query} of a batch entry sees, or 0. Grows with the query. */
    public int keysEnd(int query) {
        return causal ? (int) Math.clamp(queryOffset + query - keyOffset + 1, 0L, (long) keys) : keys;
    }

    /** The first row of the window of query {@code query}: of the keys before it, it sees sinks only. Grows with the query. */
    public int windowStart(int query) {
        long position = queryOffset + query - keyOffset;
        return options.window().bounded()
                ? (int) Math.clamp(position - options.window().length() + 1, 0L, (long) keys)
                : 0;
    }

    /** Keys that are sinks: the rows from 0 until this number. */
    public int sinkKeys() {
        return (int) Math.clamp(options.window().sinks() - keyOffset, 0L, (long) keys);
    }

    /** Whether query {@code query} sees key {@code key}. */
    public boolean sees(int query, int key) {
        return key < keysEnd(query) && (key >= windowStart(query) || key < sinkKeys());
    }

    /** Whether one of the queries from {@code first} to {@code last} may see one of {@code count} keys from {@code key}. */
    public boolean seesAny(int first, int last, int key, int count) {
        return key < keysEnd(last) && (key + count > windowStart(first) || key < sinkKeys());
    }

    /** Pairs of a query and a key that it sees, in one batch entry. */
    public long visiblePairs() {
        long pairs = 0;
        for (int query = 0; query < queries; query++) {
            int end = keysEnd(query);
            int start = Math.min(windowStart(query), end);
            pairs += end - start + Math.min(sinkKeys(), start);
        }
        return pairs;
    }

    private static void atLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException("attention " + name + " must be at least " + least + " but is " + value);
        }
    }
}
