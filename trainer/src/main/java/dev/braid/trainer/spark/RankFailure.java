package dev.braid.trainer.spark;

import dev.braid.parallelism.CommunicationException;
import java.io.InterruptedIOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.ClosedByInterruptException;
import java.util.concurrent.CancellationException;
import org.apache.spark.TaskKilledException;

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
 * @param origin whether this rank is the one to blame
 */
public record RankFailure(
        int rank,
        int attempt,
        String host,
        String type,
        String message,
        String stackTrace,
        boolean userFault,
        Origin origin) {
    /** Where a failure came from, the most telling first. */
    public enum Origin {
        /** This rank. */
        OWN,
        /** The ranks that it communicated with: one of them has failed before. */
        PEERS,
        /** Spark, which killed this rank because of something else. */
        KILLED
    }

    private static final int LONGEST = 1 << 18;
    private static final int DEEPEST = 32;

    /** @param killed whether Spark had killed the rank's task when it failed */
    static RankFailure of(int rank, int attempt, String host, Throwable failure, boolean killed) {
        StringWriter stackTrace = new StringWriter();
        failure.printStackTrace(new PrintWriter(stackTrace));
        return new RankFailure(
                rank,
                attempt,
                host,
                failure.getClass().getName(),
                failure.getMessage() == null ? "" : failure.getMessage(),
                stackTrace.toString(),
                failure instanceof IllegalArgumentException,
                origin(failure, killed));
    }

    private static Origin origin(Throwable failure, boolean killed) {
        Origin origin = Origin.OWN;
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < DEEPEST; cause = cause.getCause(), depth++) {
            switch (cause) {
                case CommunicationException told -> {
                    boolean interrupted = told.kind() == CommunicationException.Kind.CANCELLED;
                    origin = killed && interrupted ? Origin.KILLED : Origin.PEERS;
                }
                case InterruptedException _,
                        InterruptedIOException _,
                        ClosedByInterruptException _,
                        CancellationException _,
                        TaskKilledException _
                when killed -> origin = Origin.KILLED;
                default -> {}
            }
        }
        return origin;
    }

    static RankFailure lost(int rank, int attempt, String host) {
        String message = "it ended without a word: its process was killed, crashed, or lost its network";
        return new RankFailure(rank, attempt, host, "", message, "", false, Origin.OWN);
    }

    /** The same within the length of a message, whatever the exception said. */
    RankFailure shortened() {
        return new RankFailure(rank, attempt, host, type, cut(message), cut(stackTrace), userFault, origin);
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
