package dev.braid.data;

/** The data, or what the config says of it, can't be used as it is. The message names the place and the likely fix. */
public final class DataException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /** A fault of the input, with a message for the person who wrote it. */
    public DataException(String message) {
        super(message);
    }

    /** A fault of the input with the error that revealed it. */
    public DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
