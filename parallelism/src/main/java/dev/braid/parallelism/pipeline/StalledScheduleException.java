package dev.braid.parallelism.pipeline;

/** A schedule whose ranks come to wait for each other. The message says what each of them waits for. */
public final class StalledScheduleException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    StalledScheduleException(String message) {
        super(message);
    }
}
