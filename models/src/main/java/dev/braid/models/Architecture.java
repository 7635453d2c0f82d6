package dev.braid.models;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The parts of a decoder and the parameters that they declare for one rank of the tensor axis. Has no memory: a plan makes one
 * for a model of any size.
 */
public final class Architecture {
    private final ModelConfig config;
    private final int vocabulary;
    private final DType dtype;
    private final Parameters parameters;
    private final List<Block> blocks = new ArrayList<>();

    final Unit embeddingUnit;
    final Weight embedding;
    final Unit outputUnit;
    final Norm norm;

    /** Where the head's weight is: the output unit, or a unit tied to the embedding's. */
    final Unit headUnit;

    final Weight head;

    /**
     * Declares the model.
     *
     * @param dtype of activations and of matrices as operations read them: F32 or BF16
     * @param tensorRanks ranks of the tensor axis
     * @param tensorRank this one's place on it
     * @throws IllegalArgumentException when a part can't be divided over the tensor axis: see {@link ModelConfig#tensorProblems}
     */
    public Architecture(ModelConfig config, int vocabulary, DType dtype, int tensorRanks, int tensorRank) {
        if (vocabulary < tensorRanks) {
            throw new IllegalArgumentException("a vocabulary of " + vocabulary + " can't be divided over " + tensorRanks
                    + " tensor ranks; use at most " + vocabulary);
        }
        this.config = config;
        this.vocabulary = vocabulary;
        this.dtype = dtype;
        Construction construction = new Construction(config, dtype, tensorRanks, tensorRank);
        this.parameters = construction.parameters();
        Initialization narrow = construction.init().inner();
        Shape table = Shape.of(vocabulary, config.dim());
        embeddingUnit = parameters.unit("embedding");
        embedding = parameters.add(new ParameterSpec("embedding.weight", table, Division.ROWS, narrow));
        List<ModelConfig.Layer> arrangement = config.arrangement();
        for (int i = 0; i < arrangement.size(); i++) {
            blocks.add(block(construction, arrangement.get(i), i));
        }
        outputUnit = parameters.unit("output");
        norm = Norm.declare(construction, "norm");
        if (config.tieEmbeddings()) {
            headUnit = parameters.tie("head", embeddingUnit);
            head = headUnit.weights().getFirst();
        } else {
            headUnit = outputUnit;
            head = parameters.add(new ParameterSpec("head.weight", table, Division.ROWS, narrow));
        }
    }

    private Block block(Construction construction, ModelConfig.Layer layer, int index) {
        String prefix = "layers." + index + ".";
        NormPlace place = config.normPlace(layer);
        Unit unit = parameters.unit("layers." + index);
        construction.beginLayer(index);
        Optional<Norm> entry = index == 0 && config.embeddingNorm()
                ? Optional.of(Norm.declare(construction, prefix + "input_norm"))
                : Optional.empty();
        Block.Norms mixerNorms = norms(construction, place, prefix + "mixer");
        Mixer mixer = config.mixers().get(layer.mixer()).build(construction, prefix + "mixer.");
        Optional<Block.Second> second = layer.ffn().map(name -> {
            Block.Norms norms = norms(construction, place, prefix + "ffn");
            return new Block.Second(norms, config.ffns().get(name).build(construction, prefix + "ffn."));
        });
        return new Block(unit, entry, mixerNorms, mixer, second);
    }

    private static Block.Norms norms(Construction construction, NormPlace place, String part) {
        return new Block.Norms(
                place.before() ? Optional.of(Norm.declare(construction, part + "_norm")) : Optional.empty(),
                place.after() ? Optional.of(Norm.declare(construction, part + "_post_norm")) : Optional.empty());
    }

    /** What the model is built from. */
    public ModelConfig config() {
        return config;
    }

    /** Number of token ids. */
    public int vocabulary() {
        return vocabulary;
    }

    /** Dtype of activations. */
    public DType dtype() {
        return dtype;
    }

    /** The declared parameters. */
    public Parameters parameters() {
        return parameters;
    }

    List<Block> blocks() {
        return blocks;
    }

    /** The units that a stage uses, in the order of the forward pass. */
    List<Unit> units(Stage stage) {
        List<String> names = stage.units(config.tieEmbeddings());
        return Stream.concat(parameters.units().stream(), parameters.tied().stream())
                .filter(unit -> names.contains(unit.name()))
                .toList();
    }

    /**
     * FLOPs of training on one token of a sequence of {@code length} by part, over all ranks, counted as in {@link
     * #flopsPerToken}; the look-up counts for the additions of its backward, the head for its products.
     */
    public LayerCosts costs(int length) {
        List<Double> layers = new ArrayList<>();
        for (Block block : blocks) {
            double weights = 0;
            for (Unit.Entry entry : block.unit().entries()) {
                if (entry.spec().matrix()) {
                    weights += entry.spec().shape().count();
                }
            }
            layers.add(6 * weights + 3 * block.mixer().positionFlopsPerToken(length));
        }
        return new LayerCosts(config.dim(), layers, 6.0 * vocabulary * config.dim());
    }

    /**
     * Model FLOPs of training on one token of a sequence of {@code length}, over all ranks: 6 for each weight of a matrix product
     * (2 forward, 4 backward; the embedding is a look-up and counts only where it is also the head), and three times the forward
     * products between positions, counted over visible positions only.
     */
    public double flopsPerToken(int length) {
        double weights = 0;
        for (ParameterSpec spec : parameters.specs()) {
            boolean lookUp = spec.name().equals("embedding.weight") && !config.tieEmbeddings();
            if (spec.matrix() && !lookUp) {
                weights += spec.shape().count();
            }
        }
        double positions = 0;
        for (Block block : blocks) {
            positions += block.mixer().positionFlopsPerToken(length);
        }
        return 6 * weights + 3 * positions;
    }
}
