package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.Addresses.setValue;

final class ScalarAdamW implements AdamWKernels {
    @Override
    public void apply(long master, long gradient, long m, long v, long compute, int count, Coefficients coefficients) {
        for (int i = 0; i < count; i++) {
            element(master, gradient, m, v, compute, i, coefficients);
        }
    }

    /** One element; the vector kernel's tail uses it too, so it rounds where the vector does. */
    static void element(long master, long gradient, long m, long v, long compute, int i, Coefficients by) {
        float g = getFloat(gradient, i) * by.gradientScale();
        float first = by.beta1() * getFloat(m, i) + by.gain1() * g;
        float second = by.beta2() * getFloat(v, i) + by.gain2() * g * g;
        float denominator = (float) Math.sqrt(second) / by.rootCorrection2() + by.epsilon();
        float weight = getFloat(master, i) * by.decay() - by.step() * (first / denominator);
        setFloat(m, i, first);
        setFloat(v, i, second);
        setFloat(master, i, weight);
        if (compute != 0) {
            setValue(true, compute, i, weight);
        }
    }
}
