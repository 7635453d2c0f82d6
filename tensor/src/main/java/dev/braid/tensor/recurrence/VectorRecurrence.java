package dev.braid.tensor.recurrence;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The recurrence in chunks by the Vector API. A task is one head of one sequence, so no two cores write the same element and
 * no sum is shared between them.
 */
final class VectorRecurrence implements RecurrenceKernel {
    @Override
    public void forward(Compute compute, Problem problem, Outputs outputs) {
        run(compute, problem, false, head -> head.forward(outputs));
    }

    @Override
    public void backward(Compute compute, Problem problem, Gradients gradients) {
        run(compute, problem, true, head -> head.backward(gradients));
    }

    private static void run(Compute compute, Problem problem, boolean backward, Consumer<HeadRun> body) {
        int tasks = problem.spec().batch() * problem.heads();
        int slots = Math.min(compute.workers().cores(), tasks);
        long floats = ChunkTiles.floats(problem, backward);
        Tensor workspace = compute.memory().allocate(Category.WORKSPACE, DType.F32, Shape.of(slots, floats));
        try {
            AtomicInteger next = new AtomicInteger();
            long address = workspace.address();
            compute.workers().run(slots, slot -> {
                long own = address + 4 * slot * floats;
                ChunkTiles tiles = new ChunkTiles(problem, own, backward);
                int task;
                while ((task = next.getAndIncrement()) < tasks) {
                    // Padding is multiplied along: it must be zero, and nothing of another head may be left in it.
                    Addresses.fillZero(own, 4 * floats);
                    body.accept(new HeadRun(problem, task, tiles));
                }
            });
        } finally {
            workspace.release();
        }
    }
}
