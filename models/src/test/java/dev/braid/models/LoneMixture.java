package dev.braid.models;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.parameters.Unit;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** One mixture of experts without a model around it, on one rank or on one of several: the counterpart of {@link LoneMixer}. */
final class LoneMixture {
    /** The layer that it is of three. */
    static final int LAYER = 1;

    private static final String PREFIX = "layers.1.ffn.";
    private static final int SEED = 7;

    private final Compute compute;
    private final DType dtype;
    private final TensorAxis axis;
    private final int dim;
    private final Unit unit;
    private final ParameterStore store;
    private final FeedForward mixture;

    LoneMixture(MoeConfig config, int dim, Compute compute, DType dtype, Layout layout) {
        this.compute = compute;
        this.dtype = dtype;
        this.axis = layout.tensorAxis();
        this.dim = dim;
        MixerConfig beside = new AttentionConfig(2, Optional.empty(), Optional.empty(), Optional.empty(), false, false);
        Construction construction = new Construction(LoneMixer.model(beside, dim), dtype, axis.ranks(), axis.rank());
        this.unit = construction.parameters().unit("layers.1");
        construction.beginLayer(LAYER);
        this.mixture = config.build(construction, PREFIX);
        this.store = layout.store(compute, construction.parameters());
        store.initialize(compute, SEED);
        store.refresh(compute);
    }

    /** The parameters by their names without the layer's, on a rank that has all. */
    Map<String, double[]> values() {
        Map<String, double[]> values = new TreeMap<>();
        for (Parameter parameter : store.parameters()) {
            values.put(
                    shortName(parameter), LoneMixer.doubles(parameter.master().toFloats()));
        }
        return values;
    }

    /** Changes element {@code index} of a parameter. */
    void set(String name, int index, float value) {
        for (Parameter parameter : store.parameters()) {
            if (shortName(parameter).equals(name)) {
                parameter.master().set(index, value);
            }
        }
        store.refresh(compute);
    }

    private static String shortName(Parameter parameter) {
        return parameter.name().substring(PREFIX.length());
    }

    /**
     * A pass.
     *
     * @param out what the experts have made of this rank's rows, the residual, which is x itself, taken off again
     * @param dX gradient of x through the experts in this rank's rows
     * @param gradients of the parameters, by their names without the layer's, where this rank has no part of them zero
     */
    record Pass(float[] out, float[] dX, Map<String, double[]> gradients) {}

    /** Forward and backward of {@code sum(out * direction)} and the router's losses. */
    Pass train(int sequences, int length, MicrobatchRouting routing, boolean recompute, Optional<WeightQueue> queue) {
        store.beginStep(1);
        Pass pass;
        int tokens = sequences * length;
        try (Batch batch = Batch.allocate(compute.memory(), sequences, length).routed(routing);
                Tape tape = Tape.training(compute, dtype, queue.orElse(null), axis)) {
            Variable x = rows(tape, "x", tokens);
            tape.enter(unit, Tape.Use.TWICE);
            Variable out = recompute
                    ? tape.checkpoint(x, (inner, value) -> mixture.forward(inner, value, value, batch))
                    : tape.scope(() -> mixture.forward(tape, x, x, batch));
            tape.leave(unit, Tape.Use.TWICE);
            float[] made = LoneMixer.difference(out.value(), x.value());
            Variable direction = rows(tape, "direction", tokens);
            tape.backward(out, direction.value().retain());
            Tensor gradient = x.passedGradient().orElseThrow();
            pass = new Pass(made, LoneMixer.difference(gradient, direction.value()), new TreeMap<>());
            gradient.release();
        }
        queue.ifPresent(WeightQueue::run);
        store.finishGradients();
        for (Parameter parameter : store.parameters()) {
            pass.gradients.put(shortName(parameter), LoneMixer.whole(parameter));
        }
        return pass;
    }

    /** This rank's rows of some numbers. */
    private Variable rows(Tape tape, String name, int tokens) {
        long[] shares = axis.shares(tokens);
        long first = Arrays.stream(shares).limit(axis.rank()).sum();
        Tensor all = compute.memory().zeros(Category.ACTIVATIONS, dtype, Shape.of(tokens, dim));
        all.setFloats(LoneMixer.normal(name, tokens, dim));
        Variable mine = tape.dividedLeaf(all.rows(first, shares[axis.rank()]), tokens, true);
        all.release();
        return mine;
    }
}
