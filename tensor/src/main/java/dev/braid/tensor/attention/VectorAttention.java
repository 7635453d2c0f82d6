package dev.braid.tensor.attention;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.concurrent.atomic.AtomicInteger;

/** Attention by the Vector API: hands tasks to the cores, each core with its own workspace. */
final class VectorAttention implements AttentionKernel {
    /** What one core does for one task, in its workspace at an address. */
    private interface Body {
        void run(int task, long workspace);
    }

    @Override
    public void forward(Compute compute, Problem problem, Operand o, long lse) {
        ForwardPass pass = new ForwardPass(problem, o, lse);
        run(compute, pass.tasks(), pass.workspaceFloats(), pass::run);
    }

    @Override
    public void backward(Compute compute, Problem problem, Gradients gradients) {
        BackwardPass pass = new BackwardPass(problem, gradients);
        run(compute, pass.tasks(), pass.workspaceFloats(), pass::run);
    }

    private static void run(Compute compute, int tasks, long floats, Body body) {
        int slots = Math.min(compute.workers().cores(), tasks);
        Tensor workspace = compute.memory().allocate(Category.WORKSPACE, DType.F32, Shape.of(slots, floats));
        try {
            AtomicInteger next = new AtomicInteger();
            long address = workspace.address();
            compute.workers().run(slots, slot -> {
                int task;
                while ((task = next.getAndIncrement()) < tasks) {
                    body.run(task, address + 4 * slot * floats);
                }
            });
        } finally {
            workspace.release();
        }
    }
}
