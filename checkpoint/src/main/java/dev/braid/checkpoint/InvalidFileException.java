package dev.braid.checkpoint;

import java.io.IOException;

/**
 * A file that was given as input is damaged, incomplete, or not what it should be. The message names the file and the
 * place.
 */
public class InvalidFileException extends IOException {
    private static final long serialVersionUID = 1;

    /** A fault described by {@code message}. */
    public InvalidFileException(String message) {
        super(message);
    }

    /** A fault described by {@code message} that came to light by {@code cause}. */
    public InvalidFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
