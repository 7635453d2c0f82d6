package dev.braid.optimizers;

import dev.braid.tensor.Compute;
import dev.braid.tensor.autograd.Parameter;
import dev.braid.tensor.ops.SquaredNorm;
import java.util.List;

/**
 * The global norm of the gradient and what clipping makes of it. Squares are summed in f64 over fixed blocks of each
 * parameter and combined in the order of global names, so that the norm does not depend on threads or layout.
 *
 * @param norm root of the sum of squares of all gradients; not finite when any of them is not
 * @param scale what every gradient is multiplied with: {@code min(1, clip / (norm + 1e-6))} as PyTorch has it
 */
public record GradientNorm(double norm, double scale) {
    private static final double EPSILON = 1e-6;

    /**
     * Measures the gradients.
     *
     * @param parameters in the order of their names
     * @param clip largest norm; positive infinity does not clip
     */
    public static GradientNorm of(Compute compute, List<Parameter> parameters, double clip) {
        double sum = 0;
        for (Parameter parameter : parameters) {
            sum += SquaredNorm.of(compute, parameter.gradient());
        }
        double norm = Math.sqrt(sum);
        return new GradientNorm(norm, Math.min(1, clip / (norm + EPSILON)));
    }

    /** Whether the gradient can be used. */
    public boolean finite() {
        return Double.isFinite(norm);
    }
}
