package dev.braid.trainer.cli;

/** A command that could not do its work although its input was right. The message is a sentence for the user. */
public final class RunFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** A failure with the exception behind it, which may be null. */
    public RunFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
