package dev.braid.tensor.ops;

import dev.braid.tensor.kernels.AdamWKernels;

/**
 * The figures of one AdamW step.
 *
 * @param learningRate the step's learning rate
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param epsilon added to the denominator
 * @param weightDecay decoupled decay, multiplied by the learning rate
 * @param biasCorrection1 1 - beta1^t
 * @param biasCorrection2 1 - beta2^t
 * @param gradientScale multiplies the gradient first: clipping, loss scaling, averaging
 */
public record AdamWScalars(
        double learningRate,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        double biasCorrection1,
        double biasCorrection2,
        double gradientScale) {

    /** The figures of step {@code step}, counted from 1. */
    public static AdamWScalars at(
            long step,
            double learningRate,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            double gradientScale) {
        if (step < 1) {
            throw new IllegalArgumentException("adamw: steps are counted from 1, not " + step);
        }
        return new AdamWScalars(
                learningRate,
                beta1,
                beta2,
                epsilon,
                weightDecay,
                1 - StrictMath.pow(beta1, step),
                1 - StrictMath.pow(beta2, step),
                gradientScale);
    }

    /** What the kernel multiplies by: each computed in f64 and rounded once. */
    AdamWKernels.Coefficients coefficients() {
        return new AdamWKernels.Coefficients(
                (float) gradientScale,
                (float) beta1,
                (float) (1 - beta1),
                (float) beta2,
                (float) (1 - beta2),
                (float) (1 - learningRate * weightDecay),
                (float) (learningRate / biasCorrection1),
                (float) Math.sqrt(biasCorrection2),
                (float) epsilon);
    }
}
