package dev.braid.models;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.parameters.ExpertHosts;
import java.util.List;

/**
 * What one layer does with memory for one micro-batch, on the first rank of the tensor axis, found by rehearsing it: it runs
 * forward and backward as ever, on addresses alone and without computing. So it is right for every mixer, and quick for a layer of
 * any size.
 *
 * <p>The layer's input is there before forward and given back within backward, as is the gradient of its output; its output is
 * taken in forward and stays, as does the gradient of its input. Parameters and their gradients don't count.
 *
 * @param kept bytes of activations that wait for the weight half after the input half has run
 */
public record LayerTrace(Pass forward, Pass backward, long kept) {
    /** So many bytes taken, or given back where they are below 0. */
    public record Change(Category category, long bytes) {}

    /**
     * One way through the layer.
     *
     * @param changes in order
     * @param exchanged bytes that ranks of the tensor axis gather from each other or sum, of all their rows; a sum that every one
     *     of them gets counts twice. Of {@code n} bytes each of r ranks sends {@code n (r - 1) / r}
     * @param sent bytes that this rank of the expert axis sends to others when all experts are equally busy and no token has two of
     *     them on one rank
     * @param sentAcross of these bytes, those to other hosts
     */
    public record Pass(List<Change> changes, long exchanged, long sent, long sentAcross) {
        /** A copy. */
        public Pass {
            changes = List.copyOf(changes);
        }
    }

    /**
     * What decides it.
     *
     * @param dtype of activations
     * @param tensorRanks ranks of the tensor axis
     * @param experts ranks of the expert axis, by hosts
     * @param cores of a rank
     * @param sequences of a micro-batch
     * @param length of each, in tokens
     * @param recompute whether backward runs the layer again
     */
    public record Setting(
            DType dtype,
            int tensorRanks,
            ExpertHosts experts,
            int cores,
            int sequences,
            int length,
            boolean recompute) {
        /** On a rank with all experts. */
        public Setting(DType dtype, int tensorRanks, int cores, int sequences, int length, boolean recompute) {
            this(dtype, tensorRanks, ExpertHosts.one(1), cores, sequences, length, recompute);
        }
    }

    /**
     * Rehearses layer {@code index} of a valid {@code model}, or, where that is its number of layers or more, a module of multi-token
     * prediction. A module takes in forward what it reads beside the layer's output, and what the head reads; the gradient of the
     * latter is there before backward.
     */
    public static LayerTrace of(ModelConfig model, int index, Setting setting) {
        try (Rehearsal rehearsal = new Rehearsal(model, index, setting)) {
            return rehearsal.run();
        }
    }
}
