package dev.braid.tensor.kernels;

/**
 * One implementation of all kernels. They compute on F32 alone: the facades widen BF16 values into tiles that fit the first
 * cache, and round results once on their way out; those that read and write BF16 themselves say so. Stateless: any thread may use it.
 */
public interface KernelProvider {
    /** {@code scalar} or {@code vector}. */
    String name();

    /** Between BF16 and F32. */
    ConversionKernels conversion();

    /** Functions of single elements. */
    FunctionKernels functions();

    /** Root-mean-square normalisation. */
    RmsNormKernels rmsNorm();

    /** Rotary position embedding. */
    RopeKernels rope();

    /** Short causal filters over time. */
    CausalFilterKernels causalFilter();

    /** The usual short filter with SiLU, over BF16 rows. */
    SiluFilterKernels siluFilter();

    /** Normalisation over groups of columns. */
    GroupNormKernels groupNorm();

    /** The gated activation SwiGLU. */
    GatedUnitKernels swiGlu();

    /** The gated activation GeGLU. */
    GatedUnitKernels geGlu();

    /** Embedding look-up. */
    EmbeddingKernels embedding();

    /** Cross-entropy over logits. */
    CrossEntropyKernels crossEntropy();

    /** Sums of tensors, scaling. */
    ElementwiseKernels elementwise();

    /** Sums over elements and over rows. */
    ReductionKernels reduction();

    /** Sums and maxima over ranks. */
    CollectiveKernels collective();

    /** Quantisation by blocks. */
    QuantizationKernels quantization();

    /** The AdamW update. */
    AdamWKernels adamW();
}
