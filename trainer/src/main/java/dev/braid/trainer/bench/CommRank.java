package dev.braid.trainer.bench;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Fabric;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;

/**
 * One rank's part of a benchmark: each operation is checked on known numbers, warmed up, and timed from a barrier to its end, as
 * gloo_bench.py does.
 */
final class CommRank {
    /** The very first warm-up is so many times longer. */
    private static final int FIRST = 5;

    private static final long LARGE = 1 << 20;
    private static final int SMALL_BATCH = 20;

    private final Fabric fabric;
    private final Communicator world;
    private final Memory memory;
    private final CommPlan plan;
    private final CommListener listener;

    CommRank(Fabric fabric, Memory memory, CommPlan plan, CommListener listener) {
        this.fabric = fabric;
        this.world = fabric.world();
        this.memory = memory;
        this.plan = plan;
        this.listener = listener;
    }

    /** Memory of a rank that runs {@code plan}. */
    static Memory memory(CommPlan plan) {
        return plan.sharedMemory() ? Memory.shared() : new Memory();
    }

    void run() {
        try {
            measureAll();
        } catch (RuntimeException | Error failure) {
            // The others would wait for this rank until the deadline.
            fabric.abort("the benchmark failed: " + failure.getMessage());
            throw failure;
        }
    }

    private void measureAll() {
        CommOperation previous = null;
        for (CommPlan.Point point : plan.points()) {
            listener.started(point);
            int warmup = point.operation() == previous ? plan.warmupMillis() : plan.firstWarmupMillis();
            warmup *= ranksPerCore();
            if (previous == null) {
                warmup *= FIRST; // what all operations share is compiled while ranks keep the cores busy
            }
            previous = point.operation();
            try (CommCase tested = new CommCase(point, plan.dtype(), memory, world)) {
                tested.verify();
                warmUp(tested, warmup, point.bytes() < LARGE ? SMALL_BATCH : 1);
                double[] mine = measure(tested, plan.repeats(point.bytes()));
                double slowest = CommResult.median(slowest(mine));
                listener.measured(new CommResult(point, CommResult.median(mine), slowest, mine.length));
            }
        }
    }

    /** Ranks that share a core also share it with the JIT compiler: it needs that much longer. */
    private int ranksPerCore() {
        return Math.ceilDiv(world.size(), Runtime.getRuntime().availableProcessors());
    }

    /** Rank 0 watches the clock and tells the others after each batch whether there is another one. */
    private void warmUp(CommCase tested, int millis, int batch) {
        Tensor more = memory.zeros(Category.COMMUNICATION, DType.I32, Shape.of(1));
        try {
            long until = System.nanoTime() + millis * 1_000_000L;
            do {
                for (int i = 0; i < batch; i++) {
                    world.barrier().await();
                    tested.run();
                }
                more.setInt(0, System.nanoTime() < until ? 1 : 0);
                world.broadcast(more, 0).await();
            } while (more.getInt(0) == 1);
        } finally {
            more.release();
        }
    }

    private double[] measure(CommCase tested, int repeats) {
        double[] micros = new double[repeats];
        for (int i = 0; i < repeats; i++) {
            world.barrier().await();
            long start = System.nanoTime();
            tested.run();
            micros[i] = (System.nanoTime() - start) / 1e3;
        }
        return micros;
    }

    /** The longest time of any rank, by repeat. */
    private double[] slowest(double[] mine) {
        int repeats = mine.length;
        Tensor own = memory.zeros(Category.COMMUNICATION, DType.F32, Shape.of(repeats));
        Tensor all = memory.zeros(Category.COMMUNICATION, DType.F32, Shape.of((long) repeats * world.size()));
        try {
            for (int i = 0; i < repeats; i++) {
                own.set(i, (float) mine[i]);
            }
            world.allGather(own, all).await();
            double[] slowest = mine.clone();
            for (int i = 0; i < repeats * world.size(); i++) {
                slowest[i % repeats] = Math.max(slowest[i % repeats], all.get(i));
            }
            return slowest;
        } finally {
            own.release();
            all.release();
        }
    }
}
