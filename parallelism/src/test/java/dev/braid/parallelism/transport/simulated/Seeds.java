package dev.braid.parallelism.transport.simulated;

import java.util.stream.LongStream;

/** Seeds of scenarios to run: all of a range, or, to replay a failure, the one of {@code -Dbraid.seed=N}. */
final class Seeds {
    private Seeds() {}

    static LongStream upTo(int count) {
        String seed = System.getProperty("braid.seed", "");
        return seed.isEmpty() ? LongStream.range(0, count) : LongStream.of(Long.parseLong(seed));
    }
}
