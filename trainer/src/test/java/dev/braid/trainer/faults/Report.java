package dev.braid.trainer.faults;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.transport.RankAddress;
import java.util.List;

/**
 * What a {@link FaultRank} tells its launcher.
 *
 * @param kind what happened
 * @param atMillis when, by the clock of the host
 * @param address with {@link Kind#OPENED}
 * @param rounds of collectives done so far
 * @param failures with {@link Kind#FAILED}: of every operation that was in flight; with {@link Kind#REFUSED}: why
 * @param threads with {@link Kind#CLOSED}: names of threads that communication left running
 * @param files with {@link Kind#CLOSED}: what the process has open
 */
record Report(
        Kind kind,
        long atMillis,
        RankAddress address,
        long rounds,
        List<Failure> failures,
        List<String> threads,
        List<String> files) {
    enum Kind {
        /** The endpoint is open. */
        OPENED,
        /** The endpoint could not be opened. */
        REFUSED,
        /** The first round of collectives is done. */
        RUNNING,
        /** The answer to {@link Order.Kind#COUNT}. */
        COUNTED,
        /** All operations have ended. */
        FAILED,
        /** Everything is closed. */
        CLOSED
    }

    /** One exception. */
    record Failure(String type, String kind, List<Integer> missing, String message) {
        static Failure of(Throwable failure) {
            String message = String.valueOf(failure.getMessage());
            String type = failure.getClass().getName();
            return failure instanceof CommunicationException communication
                    ? new Failure(type, communication.kind().name(), communication.missing(), message)
                    : new Failure(type, "", List.of(), message);
        }
    }

    static Report opened(RankAddress address) {
        return new Report(Kind.OPENED, now(), address, 0, List.of(), List.of(), List.of());
    }

    static Report refused(Throwable failure) {
        return new Report(Kind.REFUSED, now(), null, 0, List.of(Failure.of(failure)), List.of(), List.of());
    }

    static Report running(Kind kind, long rounds) {
        return new Report(kind, now(), null, rounds, List.of(), List.of(), List.of());
    }

    static Report failed(long rounds, List<Throwable> failures) {
        return new Report(
                Kind.FAILED,
                now(),
                null,
                rounds,
                failures.stream().map(Failure::of).toList(),
                List.of(),
                List.of());
    }

    static Report closed(List<String> threads, List<String> files) {
        return new Report(Kind.CLOSED, now(), null, 0, List.of(), threads, files);
    }

    private static long now() {
        return System.currentTimeMillis();
    }
}
