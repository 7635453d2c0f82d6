package dev.braid.tensor.parameters;

import dev.braid.tensor.Shape;
import dev.braid.tensor.parameters.Parameter.Initialization;

/**
 * A parameter as the model declares it.
 *
 * @param name global name, the same on every layout: {@code layers.3.mixer.q.weight}
 * @param shape global extents
 * @param division over the tensor axis
 * @param initialization how its first values are drawn
 */
public record ParameterSpec(String name, Shape shape, Division division, Initialization initialization) {
    /** Matrices are read by operations in the compute dtype, vectors (norms, biases) in F32; matrices decay, vectors do not. */
    public boolean matrix() {
        return shape.rank() >= 2;
    }
}
