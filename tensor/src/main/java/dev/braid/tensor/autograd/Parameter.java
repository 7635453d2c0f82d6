package dev.braid.tensor.autograd;

import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;

/**
 * A named trainable tensor: master values and gradient in F32, and the values that operations read.
 *
 * @param name global name, the same on every layout: {@code layers.3.mixer.q.weight}
 * @param master F32 values that the optimizer updates
 * @param gradient F32, same shape; operations add to it
 * @param compute what operations read: a BF16 copy of the master, or the master itself
 * @param initialization how the values are drawn
 */
public record Parameter(String name, Tensor master, Tensor gradient, Tensor compute, Initialization initialization) {

    /** How a parameter's first values are drawn. */
    public sealed interface Initialization {
        /** Normal with mean 0. */
        record Normal(double standardDeviation) implements Initialization {}

        /** Every element the same. */
        record Constant(float value) implements Initialization {}
    }

    /** Extents. */
    public Shape shape() {
        return master.shape();
    }

    /** Whether operations read a copy in another dtype than the master's. */
    public boolean hasComputeCopy() {
        return compute != master;
    }

    /** Matrices decay, vectors (norms, biases) do not. */
    public boolean decays() {
        return shape().rank() >= 2;
    }
}
