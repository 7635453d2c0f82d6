package dev.braid.tensor.kernels;

/** One implementation of all kernels. Stateless: any thread may use it. */
public interface KernelProvider {
    /** {@code scalar} or {@code vector}. */
    String name();

    /** Root-mean-square normalisation. */
    RmsNormKernels rmsNorm();

    /** Rotary position embedding. */
    RopeKernels rope();

    /** The gated activation SwiGLU. */
    SwiGluKernels swiGlu();

    /** Embedding look-up. */
    EmbeddingKernels embedding();

    /** Cross-entropy over logits. */
    CrossEntropyKernels crossEntropy();

    /** Conversions, sums of tensors, scaling. */
    ElementwiseKernels elementwise();

    /** Sums over elements and over rows. */
    ReductionKernels reduction();

    /** The AdamW update. */
    AdamWKernels adamW();
}
