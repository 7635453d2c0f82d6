package dev.braid.trainer.bench;

import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.Fabric;
import dev.braid.tensor.Memory;
import dev.braid.trainer.ranks.RankSession;

/** A rank that checks and measures a {@link CommPlan}, emits "ready", and then meets the others again and again until that fails. */
public final class NetworkRank {
    private NetworkRank() {}

    /** Called by the launcher; takes no arguments. */
    public static void main(String[] arguments) {
        RankSession.serve(NetworkRank::run);
    }

    private static void run(RankSession session) throws InterruptedException {
        CommPlan plan = session.task(CommPlan.class);
        int rank = session.assignment().rank();
        int ranks = session.assignment().ranks();
        CommText text = new CommText(
                ranks, true, session.assignment().transport(), "auto", plan, MemoryCopy.measure(plan.sizes()));
        CommListener listener = new CommListener() {
            @Override
            public void started(CommPlan.Point point) {}

            @Override
            public void measured(CommResult result) {
                session.emit(text.row(result));
            }
        };
        try (Memory memory = CommRank.memory(plan);
                Endpoint endpoint =
                        Endpoint.open(rank, ranks, memory, session.assignment().settings());
                Fabric fabric = endpoint.join(session.exchange(endpoint.address()))) {
            new CommRank(fabric, memory, plan, rank == 0 ? listener : CommListener.NONE).run();
            session.emit("ready");
            while (true) {
                fabric.world().barrier().await();
            }
        }
    }
}
