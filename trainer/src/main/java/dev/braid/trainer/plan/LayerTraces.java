package dev.braid.trainer.plan;

import dev.braid.models.Architecture;
import dev.braid.models.LayerTrace;
import dev.braid.models.ModelConfig;
import dev.braid.tensor.Category;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the layers of a model do with memory: layers that are alike are rehearsed once. Used by one thread. */
final class LayerTraces {
    /**
     * What makes layers alike.
     *
     * @param first of its kind: it may make what the others read
     * @param module of multi-token prediction
     */
    private record Kind(ModelConfig.Layer layer, boolean first, boolean module) {}

    private final PlanInput input;
    private final LayerTrace.Setting setting;
    private final List<ModelConfig.Layer> arrangement;
    private final Architecture architecture;
    private final Map<Kind, LayerTrace> traces = new HashMap<>();

    LayerTraces(PlanInput input) {
        this.input = input;
        this.arrangement = input.model().arrangement();
        this.architecture = new Architecture(input.model(), input.vocabulary(), input.compute(), input.place());
        this.setting = new LayerTrace.Setting(
                input.compute(),
                input.mesh().tensor(),
                input.expertHosts(),
                input.cores(),
                input.microbatch(),
                input.sequence(),
                input.recompute());
    }

    /** Number of layers. */
    int count() {
        return arrangement.size();
    }

    /** Layer {@code index}. */
    LayerTrace of(int index) {
        ModelConfig.Layer layer = arrangement.get(index);
        Kind kind = new Kind(layer, arrangement.indexOf(layer) == index, false);
        return traces.computeIfAbsent(kind, missing -> LayerTrace.of(input.model(), index, setting));
    }

    /** Number of modules of multi-token prediction. */
    int modules() {
        return input.model().predictionDepth();
    }

    /** Module {@code index} of multi-token prediction. */
    LayerTrace module(int index) {
        Kind kind = new Kind(input.model().predictionLayer(), index == 0, true);
        return traces.computeIfAbsent(
                kind, missing -> LayerTrace.of(input.model(), arrangement.size() + index, setting));
    }

    /** Bytes that a micro-batch gathers and sums over the tensor axis in all modules. */
    double exchangedInModules() {
        double bytes = 0;
        for (int k = 0; k < modules(); k++) {
            bytes += module(k).forward().exchanged() + module(k).backward().exchanged();
        }
        return bytes;
    }

    /** Bytes of a micro-batch that go beside the hidden state into layer {@code index} or past it, on one rank. */
    long carriedInto(int index) {
        return architecture.carriedBytes(index, Math.toIntExact(input.microbatchTokens()));
    }

    /** Bytes that a micro-batch gathers and sums over the tensor axis in layers {@code from} until {@code to}. */
    double exchanged(int from, int to) {
        double bytes = 0;
        for (int layer = from; layer < to; layer++) {
            bytes += of(layer).forward().exchanged() + of(layer).backward().exchanged();
        }
        return bytes;
    }

    /** Bytes that a micro-batch sends to experts on other ranks, and back, in layers {@code from} until {@code to}. */
    double sent(int from, int to) {
        double bytes = 0;
        for (int layer = from; layer < to; layer++) {
            bytes += of(layer).forward().sent() + of(layer).backward().sent();
        }
        return bytes;
    }

    /** Of {@link #sent(int, int)}, the bytes to other hosts. */
    double sentAcross(int from, int to) {
        double bytes = 0;
        for (int layer = from; layer < to; layer++) {
            bytes += of(layer).forward().sentAcross() + of(layer).backward().sentAcross();
        }
        return bytes;
    }

    /** Takes and gives back what a pass does. */
    static void replay(MemoryLedger ledger, LayerTrace.Pass pass) {
        for (LayerTrace.Change change : pass.changes()) {
            ledger.change(term(change.category()), name(change.category()), change.bytes());
        }
    }

    private static Term term(Category category) {
        return switch (category) {
            case PARAMETERS -> Term.PARAMETERS;
            case GRADIENTS -> Term.GRADIENTS;
            case OPTIMIZER -> Term.OPTIMIZER;
            case ACTIVATIONS -> Term.ACTIVATIONS;
            case COMMUNICATION -> Term.COMMUNICATION;
            case WORKSPACE -> Term.WORKSPACE;
        };
    }

    private static String name(Category category) {
        return category == Category.COMMUNICATION ? "a layer's rows of all tensor ranks" : "workspace of a layer";
    }
}
