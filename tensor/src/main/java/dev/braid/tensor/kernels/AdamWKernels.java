package dev.braid.tensor.kernels;

/** Kernel of the AdamW update: see {@link dev.braid.tensor.ops.AdamWUpdate}. Every implementation gives the same bits. */
public interface AdamWKernels {
    /**
     * What one step multiplies by.
     *
     * @param gradientScale applied to the gradient first
     * @param beta1 decay of the first moment
     * @param gain1 1 - beta1
     * @param beta2 decay of the second moment
     * @param gain2 1 - beta2
     * @param decay 1 - learning rate * weight decay
     * @param step learning rate / (1 - beta1^t)
     * @param rootCorrection2 sqrt(1 - beta2^t)
     * @param epsilon added to the denominator
     */
    record Coefficients(
            float gradientScale,
            float beta1,
            float gain1,
            float beta2,
            float gain2,
            float decay,
            float step,
            float rootCorrection2,
            float epsilon) {}

    /** Updates {@code count} F32 elements of master, m and v; {@code compute} is a BF16 copy to refresh, or 0. */
    void apply(long master, long gradient, long m, long v, long compute, int count, Coefficients coefficients);
}
