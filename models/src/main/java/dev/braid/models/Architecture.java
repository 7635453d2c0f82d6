package dev.braid.models;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.Place;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The parts of a decoder and the parameters that they declare for one rank of the tensor axis and the expert axis. Has no memory: a plan makes one
 * for a model of any size.
 */
public final class Architecture {
    private final ModelConfig config;
    private final int vocabulary;
    private final DType dtype;
    private final Parameters parameters;
    private final List<Block> blocks = new ArrayList<>();
    private final List<CarriedValue> carried;
    private final List<RoutedLayer> routed;

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
     * @param place of the rank
     * @throws IllegalArgumentException when a part can't be divided over the tensor axis: see {@link ModelConfig#tensorProblems}
     */
    public Architecture(ModelConfig config, int vocabulary, DType dtype, Place place) {
        this(config, vocabulary, dtype, place, config.context());
    }

    /** The same for a rank that has all experts. */
    public Architecture(ModelConfig config, int vocabulary, DType dtype, int tensorRanks, int tensorRank) {
        this(config, vocabulary, dtype, Place.tensor(tensorRanks, tensorRank));
    }

    /** The same for sequences of at most {@code positions} tokens. */
    Architecture(ModelConfig config, int vocabulary, DType dtype, Place place, int positions) {
        int tensorRanks = place.tensorRanks();
        if (vocabulary < tensorRanks) {
            throw new IllegalArgumentException("a vocabulary of " + vocabulary + " can't be divided over " + tensorRanks
                    + " tensor ranks; use at most " + vocabulary);
        }
        this.config = config;
        this.vocabulary = vocabulary;
        this.dtype = dtype;
        Construction construction = new Construction(config, dtype, place, positions);
        this.parameters = construction.parameters();
        Initialization narrow = construction.init().inner();
        Shape table = Shape.of(vocabulary, config.dim());
        embeddingUnit = parameters.unit("embedding");
        embedding = parameters.add(new ParameterSpec("embedding.weight", table, Division.ROWS, narrow));
        List<ModelConfig.Layer> arrangement = config.arrangement();
        for (int i = 0; i < arrangement.size(); i++) {
            blocks.add(Block.declare(construction, arrangement.get(i), i));
        }
        carried = construction.carried();
        routed = construction.routed();
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

    /** The layers with a router, in order. */
    public List<RoutedLayer> routed() {
        return routed;
    }

    /** Values that {@code layer} reads beside the hidden state. */
    List<CarriedValue> carriedTo(int layer) {
        return carried.stream().filter(value -> value.readBy(layer)).toList();
    }

    /** The next tokens of one sequence through one layer, of which only the result and what it leaves for later ones stay. */
    Variable step(Tape tape, int layer, Variable x, Batch batch, MixerState state) {
        Block block = blocks.get(layer);
        block.enter(tape);
        Variable result = tape.scopeOfAll(() -> {
                    List<Variable> results = new ArrayList<>(List.of(block.step(tape, x, batch, state)));
                    results.addAll(batch.carried().all(makes(layer)));
                    return results;
                })
                .getFirst();
        block.leave(tape);
        return result;
    }

    /** One layer; it sees only what it reads of the values that earlier ones have left, and leaves what it makes. */
    Variable run(Tape tape, int layer, Variable x, Batch batch, boolean recompute) {
        Block block = blocks.get(layer);
        List<String> reads = reads(layer);
        List<String> makes = makes(layer);
        List<Variable> inputs = new ArrayList<>(List.of(x));
        inputs.addAll(batch.carried().all(reads));
        BiFunction<Tape, List<Variable>, List<Variable>> body = (inner, values) -> {
            CarriedValues seen = new CarriedValues();
            IntStream.range(0, reads.size()).forEach(i -> seen.put(reads.get(i), values.get(i + 1)));
            List<Variable> results = new ArrayList<>();
            results.add(block.forward(inner, values.getFirst(), batch.carrying(seen)));
            results.addAll(seen.all(makes));
            return results;
        };
        List<Variable> results =
                recompute ? tape.checkpoint(inputs, body) : tape.scopeOfAll(() -> body.apply(tape, inputs));
        IntStream.range(0, makes.size()).forEach(i -> batch.carried().put(makes.get(i), results.get(i + 1)));
        return results.getFirst();
    }

    List<Block> blocks() {
        return blocks;
    }

    /** The units of a layer: that of its own weights, and that of its experts where it has some. */
    public List<Unit> units(int layer) {
        return blocks.get(layer).units();
    }

    /** Names of the values of earlier layers that a layer reads. */
    List<String> reads(int layer) {
        return carriedNames(value -> value.readBy(layer));
    }

    /** Names of the values that a layer makes and a later one reads. */
    List<String> makes(int layer) {
        return carriedNames(value -> value.madeBy(layer) && value.crosses(layer + 1));
    }

    /** Bytes of what goes beside the hidden state into {@code layer} or past it, on one rank of the tensor axis, for so many tokens. */
    public long carriedBytes(int layer, int tokens) {
        return carriedInto(layer).stream()
                .map(value -> value.output(tokens, dtype, true))
                .mapToLong(made -> made.shape().count() * made.dtype().bytes())
                .sum();
    }

    private List<String> carriedNames(Predicate<CarriedValue> chosen) {
        return carried.stream().filter(chosen).map(CarriedValue::name).toList();
    }

    /** Values that layers before {@code layer} make for it or for later ones. */
    List<CarriedValue> carriedInto(int layer) {
        return carried.stream().filter(value -> value.crosses(layer)).toList();
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
            for (Unit unit : block.units()) {
                for (Unit.Entry entry : unit.entries()) {
                    if (entry.spec().matrix()) {
                        weights +=
                                entry.spec().activity() * entry.spec().shape().count();
                    }
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
                weights += spec.activity() * spec.shape().count();
            }
        }
        double positions = 0;
        for (Block block : blocks) {
            positions += block.mixer().positionFlopsPerToken(length);
        }
        return 6 * weights + 3 * positions;
    }
}
