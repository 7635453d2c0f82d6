package dev.braid.tensor;

import dev.braid.tensor.kernels.KernelProvider;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.tensor.matmul.Matmul;

/**
 * Everything that operations of one rank run on: its memory, its cores, its matrix-product engines and its profile. Each
 * rank has its own; several live in one JVM. One thread at a time may run operations on it.
 */
public final class Compute implements AutoCloseable {
    private final Memory memory;
    private final Profile profile = new Profile();
    private final Workers workers;
    private final Matmul matmul;
    private final KernelProvider kernels;

    /**
     * A context with {@code cores} cores.
     *
     * @param engine {@code auto}, {@code onednn}, {@code nd4j} or {@code vector}: see {@link Matmul}
     */
    public Compute(int cores, String engine, String name) {
        this(cores, engine, name, KernelProviders.chosen());
    }

    /** A context with kernels of its own choice: see {@link KernelProviders#byName}. */
    public Compute(int cores, String engine, String name, KernelProvider kernels) {
        this(cores, engine, name, kernels, new Memory());
    }

    /** A context over {@code memory}, which it closes at its end. */
    public Compute(int cores, String engine, String name, KernelProvider kernels, Memory memory) {
        this.kernels = kernels;
        this.memory = memory;
        workers = new Workers(cores, name);
        matmul = new Matmul(workers, memory, engine);
    }

    private Compute(Workers workers, Memory memory) {
        this.kernels = KernelProviders.chosen();
        this.memory = memory;
        this.workers = workers;
        matmul = new Matmul(workers, memory, "vector");
    }

    /**
     * A context in which operations check and allocate as ever but compute nothing: every tensor reads as zeros. It shows what a
     * model of any size does with memory, as its blocks are addresses that take none. Matrix products take no workspace.
     *
     * @param cores for which operations make room
     * @param listener is told of every block
     */
    public static Compute rehearsal(int cores, MemoryListener listener) {
        return new Compute(Workers.rehearsing(cores), Memory.rehearsal(listener));
    }

    /** The rank's off-heap memory. */
    public Memory memory() {
        return memory;
    }

    /** The rank's cores. */
    public Workers workers() {
        return workers;
    }

    /** The rank's matrix products. */
    public Matmul matmul() {
        return matmul;
    }

    /** The kernels that operations run on. */
    public KernelProvider kernels() {
        return kernels;
    }

    /** Time and arithmetic by operation. */
    public Profile profile() {
        return profile;
    }

    /** Stops the workers and frees all memory. */
    @Override
    public void close() {
        workers.close();
        matmul.close();
        memory.close();
    }
}
