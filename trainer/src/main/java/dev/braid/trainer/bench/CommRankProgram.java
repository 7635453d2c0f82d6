package dev.braid.trainer.bench;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.Fabric;
import dev.braid.tensor.Memory;
import dev.braid.trainer.ranks.RankSession;

/** A benchmark's rank in a JVM of its own. Its task is a {@link CommPlan}; rank 0 emits {@link Event}s. */
public final class CommRankProgram {
    /**
     * What rank 0 tells.
     *
     * @param started what begins; absent when something ended
     * @param measured what ended; absent when something begins
     */
    record Event(CommPlan.Point started, CommResult measured) {}

    private CommRankProgram() {}

    /** Called by the launcher; takes no arguments. */
    public static void main(String[] arguments) {
        RankSession.serve(CommRankProgram::run);
    }

    private static void run(RankSession session) throws InterruptedException {
        int rank = session.assignment().rank();
        CommPlan plan = session.task(CommPlan.class);
        CommunicationSettings settings = session.assignment().settings();
        try (Memory memory = CommRank.memory(plan);
                Endpoint endpoint = Endpoint.open(rank, session.assignment().ranks(), memory, settings)) {
            try (Fabric fabric = endpoint.join(session.exchange(endpoint.address()))) {
                new CommRank(fabric, memory, plan, rank == 0 ? new Teller(session) : CommListener.NONE).run();
            }
        }
    }

    private record Teller(RankSession session) implements CommListener {
        @Override
        public void started(CommPlan.Point point) {
            session.emit(new Event(point, null));
        }

        @Override
        public void measured(CommResult result) {
            session.emit(new Event(null, result));
        }
    }
}
