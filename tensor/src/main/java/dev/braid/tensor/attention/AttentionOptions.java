package dev.braid.tensor.attention;

/**
 * How scores are made of queries and keys, and which count.
 *
 * @param scale factor of the products {@code q k}, usually {@code 1 / sqrt(headSize)}
 * @param cap bound of the scaled scores s, which become {@code cap * tanh(s / cap)} before the softmax (Gemma 2, arXiv
 *     2408.00118, section 2); infinite for none
 * @param window which earlier keys a query sees
 */
public record AttentionOptions(float scale, float cap, Window window) {
    /** No cap. */
    public static final float UNCAPPED = Float.POSITIVE_INFINITY;

    /** Checks scale and cap. */
    public AttentionOptions {
        if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException(
                    "attention scale must be a finite number, usually 1 / sqrt(head size), but is " + scale);
        }
        if (!(cap > 0)) {
            throw new IllegalArgumentException("attention cap must be above 0, or infinite for none, but is " + cap);
        }
    }

    /** Scores times {@code scale}, no cap, all earlier keys. */
    public static AttentionOptions scaled(float scale) {
        return new AttentionOptions(scale, UNCAPPED, Window.ALL);
    }

    /** Scores divided by the root of the head size, no cap, all earlier keys. */
    public static AttentionOptions of(int headSize) {
        return scaled((float) (1 / Math.sqrt(headSize)));
    }

    /** Whether scores are bounded. */
    public boolean capped() {
        return cap != UNCAPPED;
    }
}
