package dev.braid.tensor.routing;

import dev.braid.tensor.kernels.Addresses;

/**
 * How an expert's value v becomes the factor of its output: {@code scale v}, or {@code scale v / sum of the values of the chosen}.
 *
 * @param renormalise whether to divide by the sum
 */
record Weighting(boolean renormalise, float scale) {
    /** Keeps the quotient finite where all values have underflowed; lost in any other sum. */
    private static final float SMALLEST_SUM = 1e-20f;

    /**
     * Sets the weights of a token.
     *
     * @param values of all experts
     * @param experts address of I32 [slots], with {@link Selection#NONE} among them
     * @param weights address of F32 [slots]
     */
    void weigh(float[] values, long experts, long weights, int slots) {
        float sum = renormalise ? sum(values, experts, slots) : 1;
        for (int k = 0; k < slots; k++) {
            int expert = Addresses.getInt(experts, k);
            Addresses.setFloat(weights, k, expert < 0 ? 0 : values[expert] / sum * scale);
        }
    }

    private static float sum(float[] values, long experts, int slots) {
        float sum = SMALLEST_SUM;
        for (int k = 0; k < slots; k++) {
            int expert = Addresses.getInt(experts, k);
            sum += expert < 0 ? 0 : values[expert];
        }
        return sum;
    }

    /** Adds to {@code dValues} what the gradient of the weights gives: with w = v / S, dv_j = (dw_j - sum_k w_k dw_k) / S. */
    void addGradient(float[] values, long experts, long dWeights, int slots, double[] dValues) {
        double sum = renormalise ? sum(values, experts, slots) : 1;
        double dot = 0;
        for (int k = 0; k < slots && renormalise; k++) {
            int expert = Addresses.getInt(experts, k);
            dot += expert < 0 ? 0 : values[expert] / sum * Addresses.getFloat(dWeights, k);
        }
        for (int k = 0; k < slots; k++) {
            int expert = Addresses.getInt(experts, k);
            if (expert >= 0) {
                dValues[expert] += (Addresses.getFloat(dWeights, k) - dot) / sum * scale;
            }
        }
    }
}
