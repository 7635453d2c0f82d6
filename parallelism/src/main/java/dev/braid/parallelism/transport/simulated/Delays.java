package dev.braid.parallelism.transport.simulated;

/**
 * How long a frame is under way, in nanoseconds: {@code base}, up to {@code jitter} more, and with probability
 * {@code longChance} up to {@code longest} more still.
 */
public record Delays(long base, long jitter, double longChance, long longest) {
    public Delays {
        if (base < 1 || jitter < 0 || longest < 0) {
            throw new IllegalArgumentException("delays of " + base + ", " + jitter + " and " + longest
                    + " ns: the first must be at least 1, the others at least 0");
        }
        if (Math.max(base, Math.max(jitter, longest)) > ScheduledFault.LATEST) {
            throw new IllegalArgumentException("delays of " + base + ", " + jitter + " and " + longest
                    + " ns: none may be more than " + ScheduledFault.LATEST);
        }
        FrameFaults.probability("longChance", longChance);
    }

    /** The same delay for every frame. */
    public static Delays constant(long nanos) {
        return new Delays(nanos, 0, 0, 0);
    }

    /** The longest that a frame can be under way. */
    public long most() {
        return base + jitter + (longChance > 0 ? longest : 0);
    }

    long draw(SeededRandom random) {
        long delay = base + random.below(jitter + 1);
        return random.chance(longChance) ? delay + random.below(longest + 1) : delay;
    }
}
