package dev.braid.tensor.autograd;

import dev.braid.tensor.Tensor;
import java.util.Optional;

/**
 * A value on a {@link Tape} and, while the tape runs backward, its gradient (same shape and dtype). Where ranks divide the tokens
 * among them, both have this rank's rows.
 */
public final class Variable {
    private final Tensor value;
    private final int rows;
    private final TokenRows tokenRows;
    private final boolean differentiable;
    private Tensor gradient;

    Variable(Tensor value, TokenRows tokenRows, boolean differentiable) {
        this(value, Math.toIntExact(value.shape().rows()), tokenRows, differentiable);
    }

    private Variable(Tensor value, int rows, TokenRows tokenRows, boolean differentiable) {
        this.value = value;
        this.rows = rows;
        this.tokenRows = tokenRows;
        this.differentiable = differentiable;
    }

    /** A value of which every rank has all rows. */
    Variable(Tensor value, boolean differentiable) {
        this(value, TokenRows.whole(Math.toIntExact(value.shape().rows())), differentiable);
    }

    /**
     * Zeros with the rows of {@code x}, without memory: a residual that is not there. Only operations that add a residual take
     * them, and leave the sum out.
     */
    public static Variable zerosLike(Variable x) {
        return new Variable(null, x.rows, x.tokenRows, false);
    }

    /** Whether this is {@link #zerosLike} another. */
    boolean zeros() {
        return value == null;
    }

    /** The value; it belongs to the tape. */
    public Tensor value() {
        if (value == null) {
            throw new IllegalStateException("zeros have no memory: this operation can't do without a residual");
        }
        return value;
    }

    /** Number of rows here: tokens. */
    public int rows() {
        return rows;
    }

    /** Number of rows on all ranks of the tensor axis together. */
    public int tokens() {
        return tokenRows.tokens();
    }

    /** Whether each rank of the tensor axis has its share of the rows only. */
    public boolean divided() {
        return tokenRows.divided();
    }

    TokenRows tokenRows() {
        return tokenRows;
    }

    /** Number of columns: features. */
    public int columns() {
        return Math.toIntExact(value().shape().columns());
    }

    /** Whether a gradient flows into this value. */
    boolean differentiable() {
        return differentiable;
    }

    /**
     * The gradient that backward has left at a leaf, empty when none came by. It is taken: the caller releases it, and the
     * next call finds none.
     */
    public Optional<Tensor> passedGradient() {
        return Optional.ofNullable(takeGradient());
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
