package dev.braid.parallelism.transport.aeron;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Options with small channels and short timeouts. */
final class TestOptions {
    static final DriverTimeouts SHORT = new DriverTimeouts(
            Duration.ofSeconds(20),
            Duration.ofSeconds(3),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofMillis(200),
            Duration.ofMillis(500));

    private TestOptions() {}

    static AeronOptions in(Path base, int ranks) {
        AeronSizes sizes = AeronSizes.of(new SizeLimits(ranks, 16L << 20, 65536, 4 << 20, 4 << 20));
        return new AeronOptions("run-7", 1, "here", sizes, SHORT, List.of(base));
    }
}
