package dev.braid.models;

import dev.braid.tensor.DType;
import dev.braid.tensor.ops.RopeTable;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.Place;
import dev.braid.tensor.parameters.Unit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/** What the parts of a model need while it is built. */
public final class Construction {
    private record RopeKey(int headSize, RopeConfig rope) {}

    private final Map<RopeKey, Supplier<RopeTable>> ropeTables = new HashMap<>();
    private final ModelConfig model;
    private final DType dtype;
    private final Parameters parameters;
    private final Initializations init;
    private final Map<String, CarriedValue> carried = new LinkedHashMap<>();
    private final int positions;
    private final List<RoutedLayer> routed = new ArrayList<>();
    private int layer;
    private Optional<Unit> experts = Optional.empty();

    Construction(ModelConfig model, DType dtype, int tensorRanks, int tensorRank) {
        this(model, dtype, Place.tensor(tensorRanks, tensorRank), model.context());
    }

    /** For parts that will see no position from {@code positions} on. */
    Construction(ModelConfig model, DType dtype, Place place, int positions) {
        this.model = model;
        this.positions = positions;
        this.dtype = dtype;
        this.parameters = new Parameters(dtype, place);
        this.init = Initializations.of(model);
    }

    ModelConfig model() {
        return model;
    }

    DType dtype() {
        return dtype;
    }

    int tensorRanks() {
        return parameters.place().tensorRanks();
    }

    int tensorRank() {
        return parameters.place().tensorRank();
    }

    /** Which of the model's layers is being built, counted from 0; modules that predict further tokens count on behind them. */
    int layer() {
        return layer;
    }

    /** Which of the model's layers a part is to be like where that depends on its height: the last one, in a module behind them. */
    int height() {
        return Math.min(layer, model.layers() - 1);
    }

    /** The parts that are built from now on belong to the layer at {@code index}. */
    void beginLayer(int index) {
        layer = index;
        experts = Optional.empty();
    }

    /** A unit for the experts of this layer, whose ranks are others than those of its other weights. */
    Unit beginExperts() {
        Unit unit = parameters.apart(Stage.experts(layer));
        experts = Optional.of(unit);
        return unit;
    }

    /** The unit of this layer's experts, where it has some. */
    Optional<Unit> experts() {
        return experts;
    }

    Parameters parameters() {
        return parameters;
    }

    Initializations init() {
        return init;
    }

    /**
     * Declares that this layer makes or reads a value beside the hidden state: the first layer to declare a name makes it, and later
     * ones read it, from {@link Batch#carried}.
     *
     * @param columns those of this rank of the tensor axis
     * @return whether this layer makes it
     * @throws IllegalArgumentException when earlier layers have declared another number of columns
     */
    boolean carry(String name, int columns) {
        return carry(name, columns, Optional.empty());
    }

    /** The same for a value that is made of parameters alone, F32 of {@code rows}, whatever the tokens. */
    boolean carryFixed(String name, int rows, int columns) {
        return carry(name, columns, Optional.of(rows));
    }

    private boolean carry(String name, int columns, Optional<Integer> fixed) {
        CarriedValue value = carried.computeIfAbsent(
                name, key -> new CarriedValue(key, columns, fixed, new TreeSet<>(Set.of(layer))));
        if (value.columns() != columns) {
            throw new IllegalArgumentException("layer " + layer + " reads " + name + " of " + columns
                    + " columns, but layer " + value.layers().first() + " makes it with " + value.columns());
        }
        value.layers().add(layer);
        return value.madeBy(layer);
    }

    /** What has been declared so far to go from layer to layer. */
    List<CarriedValue> carried() {
        return List.copyOf(carried.values());
    }

    /** Declares a layer with a router. */
    void route(RoutedLayer declared) {
        routed.add(declared);
    }

    /** The layers with a router that have been declared so far. */
    List<RoutedLayer> routed() {
        return List.copyOf(routed);
    }

    /** The table of a rotation and head size, computed when it is first used; layers with the same share one. */
    Supplier<RopeTable> ropeTable(int headSize, RopeConfig rope) {
        return ropeTables.computeIfAbsent(new RopeKey(headSize, rope), key -> new LazyRopeTable(key, positions));
    }

    /** Computed once, by whichever layer runs first: a plan of a model of any size runs none. Used by one thread. */
    private static final class LazyRopeTable implements Supplier<RopeTable> {
        private final RopeKey key;
        private final int positions;
        private RopeTable table;

        LazyRopeTable(RopeKey key, int positions) {
            this.key = key;
            this.positions = positions;
        }

        @Override
        public RopeTable get() {
            if (table == null) {
                table = key.rope.table(key.headSize, positions);
            }
            return table;
        }
    }
}
