package dev.braid.tensor.routing;

import dev.braid.tensor.kernels.Addresses;

/** The softmax of one token's logits. */
final class Softmax {
    private Softmax() {}

    /** Sets {@code probabilities}, which also go to address {@code to}, from the logits at {@code logits}. */
    static void of(long logits, float[] probabilities, long to) {
        TopK.read(logits, probabilities);
        float largest = Float.NEGATIVE_INFINITY;
        for (float logit : probabilities) {
            largest = Math.max(largest, logit);
        }
        double sum = 0;
        for (int e = 0; e < probabilities.length; e++) {
            double exponential = Math.exp(probabilities[e] - largest);
            probabilities[e] = (float) exponential;
            sum += exponential;
        }
        float factor = (float) (1 / sum);
        for (int e = 0; e < probabilities.length; e++) {
            probabilities[e] *= factor;
            Addresses.setFloat(to, e, probabilities[e]);
        }
    }

    /** dlogit_e = p_e (dp_e - sum_i p_i dp_i), to address {@code dLogits}. */
    static void gradient(float[] probabilities, double[] dProbabilities, long dLogits) {
        double dot = 0;
        for (int e = 0; e < probabilities.length; e++) {
            dot += probabilities[e] * dProbabilities[e];
        }
        for (int e = 0; e < probabilities.length; e++) {
            Addresses.setFloat(dLogits, e, (float) (probabilities[e] * (dProbabilities[e] - dot)));
        }
    }
}
