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
import java.util.Optional;
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
    private final List<PredictionModule> modules = new ArrayList<>();
    private final List<CarriedValue> carried;
    private final List<RoutedLayer> routed;

    final Unit embeddingUnit;
    final Weight embedding;
    final Unit outputUnit;
    final Norm norm;

    /** Where the head's weight is: the output unit, or {@link #again}. */
    final Unit headUnit;

    final Weight head;

    /** The embedding's weight as it is used behind the last layer: a unit tied to the embedding's, where anything uses it there. */
    final Optional<Unit> again;

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
        if (config.predictionDepth() > 0) {
            parameters.unit(PredictionModule.UNIT);
            for (int k = 0; k < config.predictionDepth(); k++) {
                modules.add(PredictionModule.declare(construction, config.predictionLayer(), k));
            }
        }
        carried = construction.carried();
        routed = construction.routed();
        outputUnit = parameters.unit("output");
        norm = Norm.declare(construction, "norm");
        again = Optionals.when(config.embedsAtEnd(), () -> parameters.tie("head", embeddingUnit));
        if (config.tieEmbeddings()) {
            headUnit = again.orElseThrow();
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
        LayerBody body = (inner, own, seen) -> List.of(block.forward(inner, own.getFirst(), seen));
        return run(tape, layer, List.of(x), body, batch, recompute).getFirst();
    }

    /**
     * Module {@code index} of multi-token prediction, counted from 0, otherwise as {@link #run}.
     *
     * @param embedded the embeddings of the tokens that it reads
     * @return see {@link PredictionModule#forward}
     */
    List<Variable> predict(Tape tape, int index, Variable hidden, Variable embedded, Batch batch, boolean recompute) {
        PredictionModule module = modules.get(index);
        LayerBody body = (inner, own, seen) -> module.forward(inner, own.get(0), own.get(1), seen);
        return run(tape, config.layers() + index, List.of(hidden, embedded), body, batch, recompute);
    }

    private interface LayerBody {
        List<Variable> apply(Tape tape, List<Variable> own, Batch batch);
    }

    private List<Variable> run(
            Tape tape, int layer, List<Variable> own, LayerBody layerBody, Batch batch, boolean recompute) {
        List<String> reads = reads(layer);
        List<String> makes = makes(layer);
        List<Variable> inputs = new ArrayList<>(own);
        inputs.addAll(batch.carried().all(reads));
        BiFunction<Tape, List<Variable>, List<Variable>> body = (inner, values) -> {
            CarriedValues seen = new CarriedValues();
            IntStream.range(0, reads.size()).forEach(i -> seen.put(reads.get(i), values.get(own.size() + i)));
            List<Variable> results =
                    new ArrayList<>(layerBody.apply(inner, values.subList(0, own.size()), batch.carrying(seen)));
            results.addAll(seen.all(makes));
            return results;
        };
        List<Variable> results =
                recompute ? tape.checkpoint(inputs, body) : tape.scopeOfAll(() -> body.apply(tape, inputs));
        int made = results.size() - makes.size();
        IntStream.range(0, makes.size()).forEach(i -> batch.carried().put(makes.get(i), results.get(made + i)));
        return results.subList(0, made);
    }

    /** The units of all modules of multi-token prediction: one that they share, and those of experts. */
    private List<Unit> moduleUnits() {
        return modules.stream()
                .flatMap(module -> module.block().units().stream())
                .distinct()
                .toList();
    }

    /** The layer in module {@code index} of multi-token prediction. */
    Block moduleBlock(int index) {
        return modules.get(index).block();
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
        List<String> names = stage.units(config);
        return Stream.concat(parameters.units().stream(), parameters.tied().stream())
                .filter(unit -> names.contains(unit.name()))
                .toList();
    }

    /**
     * FLOPs of training on one token of a sequence of {@code length} by part, over all ranks, counted as in {@link
     * #flopsPerToken}; the look-up counts for the additions of its backward, the head for its products and for the modules of
     * multi-token prediction.
     */
    public LayerCosts costs(int length) {
        List<Double> layers = new ArrayList<>();
        for (Block block : blocks) {
            layers.add(cost(block, length));
        }
        double perHead = 6.0 * vocabulary * config.dim();
        double ahead = 0;
        if (!modules.isEmpty()) {
            // Their unit is one; their layers are alike.
            double positions = modules.stream()
                    .mapToDouble(module -> module.block().mixer().positionFlopsPerToken(length))
                    .sum();
            ahead = 6 * weights(moduleUnits()) + 3 * positions + modules.size() * (config.dim() + perHead);
        }
        return new LayerCosts(config.dim(), layers, perHead + ahead);
    }

    private static double cost(Block block, int length) {
        return 6 * weights(block.units()) + 3 * block.mixer().positionFlopsPerToken(length);
    }

    /** Elements of the matrices that a token uses. */
    private static double weights(List<Unit> units) {
        double weights = 0;
        for (Unit unit : units) {
            for (Unit.Entry entry : unit.entries()) {
                if (entry.spec().matrix()) {
                    weights += entry.spec().activity() * entry.spec().shape().count();
                }
            }
        }
        return weights;
    }

    /**
     * Model FLOPs of training on one token of a sequence of {@code length}, over all ranks: 6 for each weight of a matrix product
     * (2 forward, 4 backward; the embedding is a look-up and counts only where it is also the head), and three times the forward
     * products between positions, counted over visible positions only. Modules of multi-token prediction count as layers do, and the
     * head once more for each.
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
        for (PredictionModule module : modules) {
            positions += module.block().mixer().positionFlopsPerToken(length);
        }
        double heads = (double) modules.size() * vocabulary * config.dim();
        return 6 * (weights + heads) + 3 * positions;
    }
}
