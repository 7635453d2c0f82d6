package dev.braid.trainer.faults;

import dev.braid.parallelism.transport.RankAddress;
import dev.braid.trainer.ranks.RankAssignment;
import java.util.List;

/**
 * What the launcher tells a {@link FaultRank}, one after the other.
 *
 * @param kind what to do
 * @param assignment of the attempt to open; only with {@link Kind#OPEN}
 * @param addresses of all ranks; only with {@link Kind#JOIN}
 */
record Order(Kind kind, RankAssignment assignment, List<RankAddress> addresses) {
    enum Kind {
        /** Open an endpoint and report its address. */
        OPEN,
        /** Join the ranks, run collectives until they fail, close everything. */
        JOIN,
        /** Use links that the program has not used so far. */
        WIDEN,
        /** Say how many rounds of collectives are done. */
        COUNT,
        /** Close an endpoint that has not joined. */
        CLOSE,
        /** End the JVM. */
        END
    }

    static Order open(RankAssignment assignment) {
        return new Order(Kind.OPEN, assignment, List.of());
    }

    static Order join(List<RankAddress> addresses) {
        return new Order(Kind.JOIN, null, addresses);
    }

    static Order of(Kind kind) {
        return new Order(kind, null, List.of());
    }
}
