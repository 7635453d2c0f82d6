package dev.braid.trainer.mesh;

import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.Reach;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.mesh.RankGroups;
import dev.braid.tensor.Compute;
import dev.braid.trainer.bench.CommBenchmark;
import dev.braid.trainer.ranks.RankThreads;
import java.util.List;

/** The ranks of a mesh as threads of this JVM, each with its own memory, core and fabric. */
final class MeshWorld {
    /** One rank, as its program sees it. */
    record Rank(int rank, Compute compute, RankGroups groups) {}

    /** What a rank does. */
    interface Program<T> {
        T run(Rank rank) throws Exception;
    }

    private MeshWorld() {}

    /** Runs {@code program} on all ranks and returns what each returned, in rank order. */
    static <T> List<T> run(Mesh mesh, Program<T> program) throws Exception {
        return new RankThreads<>(
                        Endpoint::open,
                        mesh.ranks(),
                        CommBenchmark.settings().withReach(Reach.PROCESS),
                        rank -> new Compute(1, "auto", "rank-" + rank),
                        (fabric, compute) ->
                                program.run(new Rank(fabric.rank(), compute, new RankGroups(mesh, fabric))))
                .run();
    }
}
