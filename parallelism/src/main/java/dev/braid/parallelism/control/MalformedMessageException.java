package dev.braid.parallelism.control;

/** Bytes that are not a control message. Whoever sent them is no rank of this program, or the bytes have changed on their way. */
public final class MalformedMessageException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedMessageException(String message) {
        super(message);
    }

    MalformedMessageException(String message, Throwable cause) {
        super(message, cause);
    }
}
