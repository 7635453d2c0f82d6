package dev.braid.models;

/** A router could not choose: what came into it, or its weights, are not numbers. The message names the layer. */
public final class RoutingException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    RoutingException(String message) {
        super(message);
    }

    private RoutingException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The same, naming the step too, counted from 1. */
    public RoutingException inStep(long step) {
        return new RoutingException("step " + step + ": " + getMessage(), this);
    }
}
