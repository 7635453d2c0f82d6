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
 * @param activity the share of tokens that use it: below 1 for the experts of a mixture
 * @param trained whether an optimizer changes it by a gradient; false for what another rule keeps up to date
 */
public record ParameterSpec(
        String name, Shape shape, Division division, Initialization initialization, double activity, boolean trained) {
    /** One that every token uses and an optimizer trains. */
    public ParameterSpec(String name, Shape shape, Division division, Initialization initialization) {
        this(name, shape, division, initialization, 1, true);
    }

    /** Matrices are read by operations in the compute dtype, vectors (norms, biases) in F32; matrices decay, vectors do not. */
    public boolean matrix() {
        return shape.rank() >= 2;
    }
}
