package dev.braid.tensor.ops;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongConsumer;

/** Room for each core of a rank, from the start of an operation to its end. */
final class Scratch implements AutoCloseable {
    /** Elements of a cache line: no two cores write to one. */
    private static final int LINE = 16;

    private final Tensor memory;
    private final Deque<Long> idle = new ArrayDeque<>();

    Scratch(Compute compute, long elements) {
        int cores = compute.workers().cores();
        long each = (elements + LINE - 1) / LINE * LINE;
        memory = compute.memory().allocate(Category.WORKSPACE, DType.F32, Shape.of(cores, each));
        for (int core = 0; core < cores; core++) {
            idle.push(memory.address() + core * each * Float.BYTES);
        }
    }

    /** Lends room to {@code body}, as its address. Any thread, as many at once as there are cores. */
    void with(LongConsumer body) {
        long taken;
        synchronized (idle) {
            taken = idle.pop();
        }
        try {
            body.accept(taken);
        } finally {
            synchronized (idle) {
                idle.push(taken);
            }
        }
    }

    @Override
    public void close() {
        memory.release();
    }
}
