package dev.braid.optimizers;

import dev.braid.tensor.Compute;
import dev.braid.tensor.ops.ExactSum;
import dev.braid.tensor.ops.SquaredNorm;
import dev.braid.tensor.parameters.Parameter;
import java.util.List;

/**
 * The global norm of the gradient and what clipping makes of it. Squares are summed in f64 over fixed blocks of each
 * parameter, and the blocks' sums exactly, so that the norm does not depend on threads or on how parameters are sharded.
 *
 * @param norm root of the sum of squares of all gradients; not finite when any of them is not
 * @param scale what every gradient is multiplied with, clipping and {@code factor} in one: {@code factor * min(1, clip / (norm +
 *     1e-6))} as PyTorch has it
 */
public record GradientNorm(double norm, double scale) {
    private static final double EPSILON = 1e-6;

    /** The sum of squares over the elements of {@code parameters} that this rank answers for and that are trained. */
    public static ExactSum squares(Compute compute, List<Parameter> parameters) {
        ExactSum squares = new ExactSum();
        for (Parameter parameter : parameters) {
            Parameter.Range mine = parameter.mine();
            if (parameter.spec().trained() && mine.count() > 0) {
                squares.addAll(SquaredNorm.blockSums(compute, parameter.gradient(), mine.from(), mine.count()));
            }
        }
        return squares;
    }

    /**
     * The norm of the whole gradient.
     *
     * @param squares of all ranks together
     * @param factor on every gradient, for what its sum was not scaled by
     * @param clip largest norm; positive infinity does not clip
     */
    public static GradientNorm of(ExactSum squares, double factor, double clip) {
        double norm = Math.sqrt(squares.value()) * factor;
        return new GradientNorm(norm, factor * Math.min(1, clip / (norm + EPSILON)));
    }

    /** Whether the gradient can be used. */
    public boolean finite() {
        return Double.isFinite(norm);
    }
}
