package dev.braid.tensor.routing;

import dev.braid.tensor.kernels.Addresses;
import java.util.Arrays;

/**
 * The probability that an expert is among the chosen of one token if its noise alone were drawn again, {@code P_e = Phi((clean_e -
 * t_e) / sigma_e)}: t_e is the k-th largest noisy logit of the other experts, sigma_e = softplus(raw_e) (Shazeer et al. 2017, arXiv
 * 1701.06538, appendix A, equations 8 to 10). Scratch of one task.
 */
final class NoisyLoad {
    /** Noise below it is taken for this much, and passes no gradient. */
    private static final double LEAST_NOISE = 1e-6;

    private final int count;
    private final float[] clean;
    private final float[] raw;
    private final double[] deviation;
    private final float[] noisy;
    private final int[] best;
    private final boolean[] chosen;
    private final double[] dClean;
    private final double[] dNoisy;
    private final double[] dDeviation;

    NoisyLoad(int experts, int count) {
        this.count = count;
        clean = new float[experts];
        raw = new float[experts];
        deviation = new double[experts];
        noisy = new float[experts];
        best = new int[Math.min(experts, count + 1)];
        chosen = new boolean[experts];
        dClean = new double[experts];
        dNoisy = new double[experts];
        dDeviation = new double[experts];
    }

    /** {@code log(1 + e^x)}. */
    static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** Takes in a token: addresses of F32 [E] each. */
    void read(long cleanAt, long rawAt, long noisyAt) {
        TopK.read(cleanAt, clean);
        TopK.read(rawAt, raw);
        TopK.read(noisyAt, noisy);
        Arrays.setAll(deviation, e -> Math.max(LEAST_NOISE, softplus(raw[e])));
        TopK.choose(noisy, best);
        Arrays.fill(chosen, false);
        for (int k = 0; k < count; k++) {
            chosen[best[k]] = true;
        }
    }

    private boolean everyExpert() {
        return best.length == count;
    }

    /** The expert whose noisy logit {@code expert} has to exceed. */
    private int threshold(int expert) {
        return chosen[expert] ? best[count] : best[count - 1];
    }

    private double distance(int expert) {
        return (clean[expert] - noisy[threshold(expert)]) / deviation[expert];
    }

    /** P of an expert. */
    double probability(int expert) {
        return everyExpert() ? 1 : Normal.cumulative(distance(expert));
    }

    /** Makes the gradient by this token's values, of that by P at address {@code dProbabilities}, F32 [E]. */
    void gradient(long dProbabilities) {
        Arrays.fill(dClean, 0);
        Arrays.fill(dNoisy, 0);
        Arrays.fill(dDeviation, 0);
        for (int e = 0; e < clean.length && !everyExpert(); e++) {
            double z = distance(e);
            double passed = Addresses.getFloat(dProbabilities, e) * Normal.density(z) / deviation[e];
            dClean[e] += passed;
            dNoisy[threshold(e)] -= passed;
            dDeviation[e] -= deviation[e] > LEAST_NOISE ? passed * z : 0;
        }
    }

    /**
     * Turns the gradient of the noisy logits, at {@code dLogits}, together with that of {@link #gradient}, if it was called, into those of
     * the clean and the raw ones.
     *
     * @param noise address of what was drawn, F32 [E]
     * @param rawAt address of the raw deviations
     * @param dLogits address of the gradient of the noisy logits, which becomes that of the clean ones
     * @param dRaw address of the gradient of the raw deviations
     */
    void throughNoise(long noise, long rawAt, long dLogits, long dRaw) {
        for (int e = 0; e < clean.length; e++) {
            double passed = Addresses.getFloat(dLogits, e) + dNoisy[e];
            double slope = sigmoid(Addresses.getFloat(rawAt, e));
            Addresses.setFloat(dLogits, e, (float) (passed + dClean[e]));
            Addresses.setFloat(dRaw, e, (float) ((passed * Addresses.getFloat(noise, e) + dDeviation[e]) * slope));
        }
    }
}
