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
 * @param scale factor of the scores, usually {@code 1 / sqrt(headSize)}
 */
public record AttentionSpec(
        int batch, int queries, int keys, long queryOffset, long keyOffset, boolean causal, float scale) {

    /** Checks that extents and offsets are possible. */
    public AttentionSpec {
        atLeast("batch", batch, 1);
        atLeast("queries", queries, 1);
        atLeast("keys", keys, 1);
        atLeast("queryOffset", queryOffset, 0);
        atLeast("keyOffset", keyOffset, 0);
        if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException(
                    "attention scale must be a finite number, usually 1 / sqrt(head size), but is " + scale);
        }
    }

    /** Causal attention of sequences of {@code length} to themselves, scaled by {@code 1 / sqrt(headSize)}. */
    public static AttentionSpec causal(int batch, int length, int headSize) {
        return new AttentionSpec(batch, length, length, 0, 0, true, (float) (1 / Math.sqrt(headSize)));
    }

    /** Keys that query {@code query} of a batch entry sees: those from 0 until this number. */
    public int visibleKeys(int query) {
        return causal ? (int) Math.clamp(queryOffset + query - keyOffset + 1, 0L, (long) keys) : keys;
    }

    /** Pairs of a query and a key that it sees, in one batch entry. */
    public long visiblePairs() {
        long pairs = 0;
        for (int query = 0; query < queries; query++) {
            pairs += visibleKeys(query);
        }
        return pairs;
    }

    private static void atLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException("attention " + name + " must be at least " + least + " but is " + value);
        }
    }
}
