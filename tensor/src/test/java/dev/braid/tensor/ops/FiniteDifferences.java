package dev.braid.tensor.ops;

import java.util.function.ToDoubleFunction;

/** Gradients by central differences, in f64. */
final class FiniteDifferences {
    private static final double STEP = 1e-5;

    /** What the differences are off by, at most, for functions of order one. */
    static final double TOLERANCE = 1e-8;

    private FiniteDifferences() {}

    /** The gradient of {@code function} at {@code at}. */
    static double[] gradient(double[] at, ToDoubleFunction<double[]> function) {
        double[] gradient = new double[at.length];
        for (int i = 0; i < at.length; i++) {
            double[] moved = at.clone();
            moved[i] = at[i] + STEP;
            double above = function.applyAsDouble(moved);
            moved[i] = at[i] - STEP;
            gradient[i] = (above - function.applyAsDouble(moved)) / (2 * STEP);
        }
        return gradient;
    }

    /** Sum of a * b. */
    static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
