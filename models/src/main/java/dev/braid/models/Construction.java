package dev.braid.models;

import dev.braid.tensor.DType;
import dev.braid.tensor.ops.RopeTable;
import dev.braid.tensor.parameters.Parameters;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** What the parts of a model need while it is built. */
public final class Construction {
    private record RopeKey(int headSize, RopeConfig rope) {}

    private final Map<RopeKey, Supplier<RopeTable>> ropeTables = new HashMap<>();
    private final ModelConfig model;
    private final DType dtype;
    private final int tensorRanks;
    private final int tensorRank;
    private final Parameters parameters;
    private final Initializations init;
    private int layer;

    Construction(ModelConfig model, DType dtype, int tensorRanks, int tensorRank) {
        this.model = model;
        this.dtype = dtype;
        this.tensorRanks = tensorRanks;
        this.tensorRank = tensorRank;
        this.parameters = new Parameters(dtype, tensorRanks, tensorRank);
        this.init = Initializations.of(model);
    }

    ModelConfig model() {
        return model;
    }

    DType dtype() {
        return dtype;
    }

    int tensorRanks() {
        return tensorRanks;
    }

    int tensorRank() {
        return tensorRank;
    }

    /** Which of the model's layers is being built, counted from 0. */
    int layer() {
        return layer;
    }

    /** The parts that are built from now on belong to the layer at {@code index}. */
    void beginLayer(int index) {
        layer = index;
    }

    Parameters parameters() {
        return parameters;
    }

    Initializations init() {
        return init;
    }

    /** The table of a rotation and head size, computed when it is first used; layers with the same share one. */
    Supplier<RopeTable> ropeTable(int headSize, RopeConfig rope) {
        return ropeTables.computeIfAbsent(new RopeKey(headSize, rope), key -> new LazyRopeTable(key, model.context()));
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
                table = new RopeTable(key.rope.inverseFrequencies(key.headSize), positions);
            }
            return table;
        }
    }
}
