package dev.braid.trainer.ranks;

/** A rank's JVM could not be started, ended too early, or did not answer in time. The message is a sentence for a person. */
public final class RankProcessException extends RuntimeException {
    private static final long serialVersionUID = 1;

    RankProcessException(String message) {
        super(message);
    }

    RankProcessException(String message, Throwable cause) {
        super(message, cause);
    }
}
