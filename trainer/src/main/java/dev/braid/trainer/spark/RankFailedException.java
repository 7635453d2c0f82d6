package dev.braid.trainer.spark;

/** A run ended because a rank failed; the message names the rank and the first cause. */
public final class RankFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient RankFailure failure;

    RankFailedException(RankFailure failure, Throwable cause) {
        super(failure.describe(), cause);
        this.failure = failure;
    }

    /** The first failure of the last attempt, with the stack trace from the rank. */
    public RankFailure failure() {
        return failure;
    }
}
