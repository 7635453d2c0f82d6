package dev.braid.tensor.kernels;

/** Kernels between BF16, as it lies in memory, and F32, as all other kernels compute. */
public interface ConversionKernels {
    /** F32 {@code target} = BF16 {@code source}, exactly. */
    void widen(long source, long target, int count);

    /** BF16 {@code target} = F32 {@code source}, rounded to nearest even; a NaN stays a NaN. */
    void narrow(long source, long target, int count);
}
