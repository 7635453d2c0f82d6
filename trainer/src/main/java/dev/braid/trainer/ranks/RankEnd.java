package dev.braid.trainer.ranks;

import java.util.Optional;

/**
 * How a rank's JVM ended.
 *
 * @param rank the rank
 * @param exitCode 0 when its program did its work; 128 + n when signal n ended it
 * @param error why the program failed, when it could still say so
 */
public record RankEnd(int rank, int exitCode, Optional<RankError> error) {
    /** True when the program did its work. */
    public boolean well() {
        return exitCode == 0 && error.isEmpty();
    }
}
