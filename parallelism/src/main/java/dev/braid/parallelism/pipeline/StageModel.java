package dev.braid.parallelism.pipeline;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.WeightQueue;
import java.util.List;
import java.util.Map;

/**
 * The stages of a model that a rank holds, for the micro-batches of one step. Knows nothing of other ranks. Used by the rank's
 * thread.
 */
public interface StageModel {
    /**
     * A tensor that a stage passes on to the next one.
     *
     * @param shape [n, columns] of the rows that this rank of the tensor axis has
     * @param tokens rows on all ranks of the tensor axis together
     * @param divided whether these ranks divide the rows among them
     * @param differentiable whether a gradient comes back
     */
    record Passed(String name, DType dtype, Shape shape, int tokens, boolean divided, boolean differentiable) {}

    /** What {@code stage} passes on for {@code microbatch}, in order; nothing at the last stage. Known to every rank. */
    List<Passed> outputs(int stage, int microbatch);

    /** A tape for one stage and micro-batch; its weight halves wait in {@code queue}, or run at once when that is null. */
    Tape trainingTape(WeightQueue queue);

    /** A tape for forwards without backward. */
    Tape evaluationTape();

    /**
     * Runs {@code stage} forward.
     *
     * @param inputs what the stage before has passed on, by name; empty at stage 0
     * @return what this one passes on, by name; empty at the last stage, which computes the loss and, on a recording tape, leaves
     *     its gradient there. Only the last stage, and only on a tape without a queue, may add to gradients of weights already here.
     */
    Map<String, Variable> forward(Tape tape, int stage, int microbatch, Map<String, Variable> inputs);

    /**
     * Whether ranks that run the same actions exchange rows in these stages. Then the forward and the backward of a pair take turns, each
     * computing while the other's rows travel, see {@link Tape#meanwhile}; of one stage too, whose weights' values must stay. The same at
     * every rank of the pipeline.
     */
    boolean exchangesRows();

    /** The step's last action that adds to weights of {@code stage} in {@code direction} has run: their gradients are complete. */
    void gradientsComplete(int stage, int direction);
}
