package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

import jdk.incubator.vector.FloatVector;

/** Rounds where {@link ScalarAdamW} does (no fused multiply-add), so that both give the same bits. */
final class VectorAdamW implements AdamWKernels {
    private static final int LANES = Species.LANES;

    @Override
    public void apply(long master, long gradient, long m, long v, int count, Coefficients by) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector g = load(gradient, i).mul(by.gradientScale());
            FloatVector first = load(m, i).mul(by.beta1()).add(g.mul(by.gain1()));
            FloatVector second =
                    load(v, i).mul(by.beta2()).add(g.mul(by.gain2()).mul(g));
            FloatVector denominator = second.sqrt().div(by.rootCorrection2()).add(by.epsilon());
            FloatVector change = first.div(denominator).mul(by.step());
            store(first, m, i);
            store(second, v, i);
            store(load(master, i).mul(by.decay()).sub(change), master, i);
        }
        for (; i < count; i++) {
            ScalarAdamW.element(master, gradient, m, v, i, by);
        }
    }
}
