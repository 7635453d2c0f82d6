package dev.braid.trainer.ranks;

import dev.braid.parallelism.CommunicationException;
import java.util.List;

/**
 * Why a rank's program failed.
 *
 * @param type class of the exception
 * @param message its message, empty when it has none
 * @param kind {@link CommunicationException.Kind} by name; empty for other exceptions
 * @param missing the ranks that a communication failure names
 */
public record RankError(String type, String message, String kind, List<Integer> missing) {
    public RankError {
        missing = List.copyOf(missing);
    }

    static RankError of(Throwable failure) {
        String message = failure.getMessage() == null ? "" : failure.getMessage();
        String type = failure.getClass().getName();
        return failure instanceof CommunicationException communication
                ? new RankError(type, message, communication.kind().name(), communication.missing())
                : new RankError(type, message, "", List.of());
    }

    /** The message, with the exception's class where it says nothing by itself. */
    public String describe() {
        return message.isEmpty() || kind.isEmpty() ? type + (message.isEmpty() ? "" : ": " + message) : message;
    }
}
