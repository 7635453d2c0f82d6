package dev.braid.tensor.autograd;

import dev.braid.tensor.Tensor;

/** A value on a {@link Tape} and, while the tape runs backward, its gradient (same shape and dtype). */
public final class Variable {
    private final Tensor value;
    private final boolean differentiable;
    private Tensor gradient;

    Variable(Tensor value, boolean differentiable) {
        this.value = value;
        this.differentiable = differentiable;
    }

    /** The value; it belongs to the tape. */
    public Tensor value() {
        return value;
    }

    /** Number of rows: tokens. */
    public int rows() {
        return Math.toIntExact(value.shape().rows());
    }

    /** Number of columns: features. */
    public int columns() {
        return Math.toIntExact(value.shape().columns());
    }

    /** Whether a gradient flows into this value. */
    boolean differentiable() {
        return differentiable;
    }

    /** The gradient with its reference, or null; afterwards there is none. */
    Tensor takeGradient() {
        Tensor taken = gradient;
        gradient = null;
        return taken;
    }

    /** Sets the gradient and takes over one reference. There must be none. */
    void setGradient(Tensor tensor) {
        if (gradient != null) {
            throw new IllegalStateException("the gradient is set already");
        }
        gradient = tensor;
    }
}
