package dev.braid.tensor.kernels;

/** The reference: plain loops that are meant to be read. Runs anywhere. */
final class ScalarKernels implements KernelProvider {
    private final ConversionKernels conversion = new ScalarConversion();
    private final FunctionKernels functions = new ScalarFunctions();
    private final RmsNormKernels rmsNorm = new ScalarRmsNorm();
    private final RopeKernels rope = new ScalarRope();
    private final CausalFilterKernels causalFilter = new ScalarCausalFilter();
    private final SiluFilterKernels siluFilter = new ScalarSiluFilter();
    private final GroupNormKernels groupNorm = new ScalarGroupNorm();
    private final GatedUnitKernels swiGlu = new ScalarSwiGlu();
    private final GatedUnitKernels geGlu = new ScalarGeGlu();
    private final EmbeddingKernels embedding = new ScalarEmbedding();
    private final CrossEntropyKernels crossEntropy = new ScalarCrossEntropy();
    private final ElementwiseKernels elementwise = new ScalarElementwise();
    private final ReductionKernels reduction = new ScalarReduction();
    private final CollectiveKernels collective = new ScalarCollective();
    private final QuantizationKernels quantization = new ScalarQuantization();
    private final AdamWKernels adamW = new ScalarAdamW();

    @Override
    public String name() {
        return "scalar";
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
