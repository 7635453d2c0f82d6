package dev.braid.tensor.routing;

/** Numbers that sort by a score, the largest first, and among equal scores by an index, the lowest first. */
final class Ranking {
    private Ranking() {}

    /** The number of a score from 0 on; what is no number counts as 0. */
    static long key(float score, int index) {
        // Floats from 0 on sort as their bits do, -0 aside, which the sum makes a 0.
        int bits = Float.isNaN(score) ? 0 : Float.floatToRawIntBits(score + 0.0f);
        return ((long) (Integer.MAX_VALUE - bits) << Integer.SIZE) | index;
    }

    /** The index in it. */
    static int index(long key) {
        return (int) key;
    }
}
