package dev.braid.trainer.spark;

import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * How a rank failed, in words, so that it needs no class of the rank on the driver.
 *
 * @param rank which rank
 * @param attempt in which attempt
 * @param host on which host
 * @param type the class name of the exception; empty when the rank ended without a word
 * @param message its message, empty when it has none
 * @param stackTrace its stack trace with causes
 * @param userFault whether the input was wrong rather than the program or the machine
 */
public record RankFailure(
        int rank, int attempt, String host, String type, String message, String stackTrace, boolean userFault) {
    private static final int LONGEST = 1 << 18;

    static RankFailure of(int rank, int attempt, String host, Throwable failure) {
        StringWriter stackTrace = new StringWriter();
        failure.printStackTrace(new PrintWriter(stackTrace));
        return new RankFailure(
                rank,
                attempt,
                host,
                failure.getClass().getName(),
                failure.getMessage() == null ? "" : failure.getMessage(),
                stackTrace.toString(),
                failure instanceof IllegalArgumentException);
    }

    static RankFailure lost(int rank, int attempt, String host) {
        String message = "it ended without a word: its process was killed, crashed, or lost its network";
        return new RankFailure(rank, attempt, host, "", message, "", false);
    }

    /** The same within the length of a message, whatever the exception said. */
    RankFailure shortened() {
        return new RankFailure(rank, attempt, host, type, cut(message), cut(stackTrace), userFault);
    }

    private static String cut(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + " ...";
    }

    /** For example {@code rank 3 on node7 (attempt 0) failed: java.io.IOException: disk full}. */
    public String describe() {
        String what = type.isEmpty() ? message : message.isEmpty() ? type : type + ": " + message;
        return "rank %d on %s (attempt %d) failed: %s".formatted(rank, host, attempt, what);
    }
}
