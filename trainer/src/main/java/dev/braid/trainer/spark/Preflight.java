package dev.braid.trainer.spark;

import dev.braid.parallelism.mesh.Mesh;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkConf;

/**
 * Checks, before anything is started, that all ranks of a run can be on the cluster at once: a barrier stage starts whole or
 * not at all, and Spark by itself would wait for minutes before it says so.
 */
final class Preflight {
    private static final String TASK_CPUS = "spark.task.cpus";
    private static final String EXECUTOR_CORES = "spark.executor.cores";
    private static final String INSTANCES = "spark.executor.instances";
    private static final String CORES_MAX = "spark.cores.max";
    private static final String DYNAMIC = "spark.dynamicAllocation.enabled";

    private Preflight() {}

    /** Returns the layout of the ranks of {@code mesh}, or throws with the key to change. */
    static RankLayout layout(SparkConf conf, Master master, Mesh mesh, int processors) {
        return switch (master) {
            case Master.Local local -> local(conf, local, mesh, processors);
            case Master.LocalCluster cluster -> {
                int cores = coresOfRank(conf, cluster.cores());
                int slots = cluster.workers() * (cluster.cores() / cores);
                yield separate(conf, mesh, cores, tooFew(mesh, slots, cores, cluster.url(), "--master"));
            }
            case Master.Standalone standalone -> {
                int cores = coresOfRank(conf, requireExecutorCores(conf, standalone.url()));
                int most = conf.getInt(CORES_MAX, Integer.MAX_VALUE);
                String offer = CORES_MAX + "=" + most;
                yield separate(conf, mesh, cores, tooFew(mesh, most / cores, cores, offer, CORES_MAX));
            }
            case Master.Managed managed -> {
                int executorCores = requireExecutorCores(conf, managed.url());
                int cores = coresOfRank(conf, executorCores);
                int instances = conf.getInt(INSTANCES, 2);
                String offer = "%s=%d with %s=%d".formatted(INSTANCES, instances, EXECUTOR_CORES, executorCores);
                int slots = instances * (executorCores / cores);
                yield separate(conf, mesh, cores, tooFew(mesh, slots, cores, offer, INSTANCES));
            }
        };
    }

    private static RankLayout local(SparkConf conf, Master.Local local, Mesh mesh, int processors) {
        int threads = local.threads() < 0 ? processors : local.threads();
        int taskCores = conf.getInt(TASK_CPUS, 1);
        if (threads / taskCores < mesh.ranks()) {
            throw new IllegalArgumentException(
                    "this run has %s, but --master %s has room for %d; use --master local[%d] or make the mesh smaller (parallel.*)"
                            .formatted(ranks(mesh), local.url(), threads / taskCores, mesh.ranks() * taskCores));
        }
        return new RankLayout(mesh, threads / mesh.ranks(), true, false);
    }

    private static RankLayout separate(SparkConf conf, Mesh mesh, int cores, Optional<String> tooFew) {
        List<String> faults = new ArrayList<>();
        if (conf.getBoolean(DYNAMIC, false)) {
            faults.add("Spark does not run barrier stages with dynamic allocation; set %s=false".formatted(DYNAMIC));
        }
        tooFew.ifPresent(faults::add);
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException(String.join("\n", faults));
        }
        return new RankLayout(mesh, cores, false, conf.getInt(TASK_CPUS, 1) != cores);
    }

    /** A rank gets a whole executor unless {@code spark.task.cpus} says how much of it. */
    private static int coresOfRank(SparkConf conf, int executorCores) {
        int cores = conf.getInt(TASK_CPUS, executorCores);
        if (cores < 1 || cores > executorCores) {
            throw new IllegalArgumentException(
                    "%s is %d, but an executor has %d cores; allowed is 1 to %d, usually %d (one rank an executor)"
                            .formatted(TASK_CPUS, cores, executorCores, executorCores, executorCores));
        }
        return cores;
    }

    private static int requireExecutorCores(SparkConf conf, String master) {
        int cores = conf.getInt(EXECUTOR_CORES, 0);
        if (cores < 1) {
            throw new IllegalArgumentException(
                    "on %s Braid must know the cores of an executor: set %s (a rank gets all of them unless %s says less)"
                            .formatted(master, EXECUTOR_CORES, TASK_CPUS));
        }
        return cores;
    }

    /** Why {@code slots} ranks of {@code cores} cores, which is what {@code offer} has room for, are too few. */
    private static Optional<String> tooFew(Mesh mesh, int slots, int cores, String offer, String key) {
        return slots >= mesh.ranks()
                ? Optional.empty()
                : Optional.of(
                        "this run has %s of %d cores, all at once, but %s has room for %d; raise %s, lower %s, or make the mesh smaller (parallel.*)"
                                .formatted(ranks(mesh), cores, offer, slots, key, TASK_CPUS));
    }

    /** For example {@code 4 ranks (replicate 2 x shard 1 x tensor 2)}. */
    private static String ranks(Mesh mesh) {
        return mesh.ranks() == 1 ? "1 rank" : "%d ranks (%s)".formatted(mesh.ranks(), mesh.describe());
    }
}
