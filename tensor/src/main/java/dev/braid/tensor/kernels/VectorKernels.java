package dev.braid.tensor.kernels;

/** Vector API kernels, at the width of {@link Species}. */
final class VectorKernels implements KernelProvider {
    private final ConversionKernels conversion = new VectorConversion();
    private final FunctionKernels functions = new VectorFunctions();
    private final RmsNormKernels rmsNorm = new VectorRmsNorm();
    private final RopeKernels rope = new VectorRope();
    private final CausalFilterKernels causalFilter = new VectorCausalFilter();
    private final SiluFilterKernels siluFilter = new VectorSiluFilter();
    private final GroupNormKernels groupNorm = new VectorGroupNorm();
    private final GatedUnitKernels swiGlu = new VectorSwiGlu();
    private final GatedUnitKernels geGlu = new VectorGeGlu();
    private final EmbeddingKernels embedding = new VectorEmbedding();
    private final CrossEntropyKernels crossEntropy = new VectorCrossEntropy();
    private final ElementwiseKernels elementwise = new VectorElementwise();
    private final ReductionKernels reduction = new VectorReduction();
    private final CollectiveKernels collective = new VectorCollective();
    private final QuantizationKernels quantization = new VectorQuantization();
    private final AdamWKernels adamW = new VectorAdamW();

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public ConversionKernels conversion() {
        return conversion;
    }

    @Override
    public FunctionKernels functions() {
        return functions;
    }

    @Override
    public RmsNormKernels rmsNorm() {
        return rmsNorm;
    }

    @Override
    public RopeKernels rope() {
        return rope;
    }

    @Override
    public CausalFilterKernels causalFilter() {
        return causalFilter;
    }

    @Override
    public SiluFilterKernels siluFilter() {
        return siluFilter;
    }

    @Override
    public GroupNormKernels groupNorm() {
        return groupNorm;
    }

    @Override
    public GatedUnitKernels swiGlu() {
        return swiGlu;
    }

    @Override
    public GatedUnitKernels geGlu() {
        return geGlu;
    }

    @Override
    public EmbeddingKernels embedding() {
        return embedding;
    }

    @Override
    public CrossEntropyKernels crossEntropy() {
        return crossEntropy;
    }

    @Override
    public ElementwiseKernels elementwise() {
        return elementwise;
    }

    @Override
    public ReductionKernels reduction() {
        return reduction;
    }

    @Override
    public CollectiveKernels collective() {
        return collective;
    }

    @Override
    public QuantizationKernels quantization() {
        return quantization;
    }

    @Override
    public AdamWKernels adamW() {
        return adamW;
    }
}
