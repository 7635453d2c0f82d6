package dev.braid.trainer.spark;

import java.io.Serializable;
import java.time.Duration;

/**
 * Deadlines and retries of a run.
 *
 * @param retries how often the ranks are started again after a failure that is not the user's fault; Spark itself ends a
 *     stage after four attempts unless {@code spark.stage.maxConsecutiveAttempts} says otherwise
 * @param connect how long a rank tries to reach the driver, and how long either side may take to prove who it is
 * @param delivery how long the driver may take no event while a rank waits
 * @param release how long the driver waits, after a failure or cancellation, for ranks to end and free what they hold
 */
public record CoordinatorLimits(int retries, Duration connect, Duration delivery, Duration release)
        implements Serializable {
    public CoordinatorLimits {
        if (retries < 0) {
            throw new IllegalArgumentException("retries must be 0 or more, but it is " + retries);
        }
        for (Duration duration : new Duration[] {connect, delivery, release}) {
            if (!duration.isPositive()) {
                throw new IllegalArgumentException("a deadline must be longer than nothing, but one is " + duration);
            }
        }
    }

    /** The same with another number of retries. */
    public CoordinatorLimits withRetries(int other) {
        return new CoordinatorLimits(other, connect, delivery, release);
    }

    /** No retry in one JVM, where the same failure would come again; three on a cluster, where machines die. */
    public static CoordinatorLimits standard(boolean local) {
        return new CoordinatorLimits(
                local ? 0 : 3, Duration.ofSeconds(30), Duration.ofMinutes(1), Duration.ofMinutes(1));
    }
}
