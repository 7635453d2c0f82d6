package dev.braid.parallelism.transport.simulated;

/** Random numbers of a simulation: SplitMix64 (Steele, Lea and Flood 2014), the same on every JDK. */
final class SeededRandom {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private long state;

    SeededRandom(long seed) {
        reset(seed);
    }

    /** Starts the stream of {@code seed}. Streams of neighbouring seeds have nothing in common. */
    void reset(long seed) {
        state = mix(seed + GOLDEN);
    }

    /** 64 random bits. */
    long next() {
        state += GOLDEN;
        return mix(state);
    }

    /** From 0 to {@code bound - 1}. */
    long below(long bound) {
        return Math.unsignedMultiplyHigh(next(), bound);
    }

    /** From 0 to {@code bound - 1}. */
    int below(int bound) {
        return (int) below((long) bound);
    }

    /** From {@code low} to {@code high}, both included. */
    long between(long low, long high) {
        return low + below(high - low + 1);
    }

    /** In [0, 1). */
    double uniform() {
        return (next() >>> 11) * 0x1p-53;
    }

    /** From {@code low} to {@code high}, each order of magnitude as likely as any other; both at least 1. */
    long spread(long low, long high) {
        return Math.round(low * StrictMath.pow((double) high / low, uniform()));
    }

    /** True with this probability. */
    boolean chance(double probability) {
        return probability > 0 && uniform() < probability;
    }

    /** The finalizer of SplitMix64: every bit of the result depends on every bit of {@code bits}. */
    static long mix(long bits) {
        long first = (bits ^ (bits >>> 30)) * 0xBF58476D1CE4E5B9L;
        long second = (first ^ (first >>> 27)) * 0x94D049BB133111EBL;
        return second ^ (second >>> 31);
    }
}
