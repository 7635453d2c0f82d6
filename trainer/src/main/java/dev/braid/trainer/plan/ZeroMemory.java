package dev.braid.trainer.plan;

/**
 * Bytes that a rank holds all the time for parameters, their gradients and the optimizer, by ZeRO stage (Rajbhandari et al.
 * 2020, arXiv 1910.02054, section 5): stage 1 divides master values and moments, 2 gradients too, 3 values too.
 *
 * @param parameters values that operations read, and master values
 * @param gradients in the format of the step's sums
 * @param optimizer moments
 */
public record ZeroMemory(long parameters, long gradients, long optimizer) {
    /** Shares begin and end at multiples of this many elements. */
    static final long BLOCK = 4096;

    /** Nothing. */
    static final ZeroMemory NONE = new ZeroMemory(0, 0, 0);

    /**
     * What the rank with the most of {@code count} elements holds.
     *
     * @param stage 0 to 3
     * @param ranks of the shard group
     */
    public static ZeroMemory of(long count, ElementBytes bytes, int stage, int ranks) {
        long share = share(count, ranks);
        return new ZeroMemory(
                bytes.values() * (stage >= 3 ? share : count) + bytes.master() * (stage >= 1 ? share : count),
                bytes.gradient() * (stage >= 2 ? share : count),
                bytes.moments() * (stage >= 1 ? share : count));
    }

    /** The most elements that one of {@code ranks} has of {@code count}. */
    static long share(long count, int ranks) {
        long even = Math.ceilDiv(count, ranks);
        return Math.min(count, Math.ceilDiv(even, BLOCK) * BLOCK);
    }

    /** All of it. */
    public long total() {
        return parameters + gradients + optimizer;
    }

    ZeroMemory plus(ZeroMemory other) {
        return new ZeroMemory(parameters + other.parameters, gradients + other.gradients, optimizer + other.optimizer);
    }
}
