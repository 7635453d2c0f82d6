package dev.braid.models;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.ops.CounterRandom;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.parameters.Unit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * One mixer without a model around it, on one rank or on one of several. Parameters and inputs are the same for any layout; vectors
 * are moved off the constants that they start from.
 */
final class LoneMixer {
    private static final String PREFIX = "layers.1.mixer.";
    /** Neither the first nor the last of the model's. */
    private static final int LAYER = 1;

    private static final int LAYERS = 3;
    private static final int SEED = 7;
    private static final double SPREAD = 0.3;

    private final Compute compute;
    private final DType dtype;
    private final TensorAxis axis;
    private final int dim;
    private final Unit unit;
    private final ParameterStore store;
    private final Mixer mixer;

    LoneMixer(MixerConfig config, int dim, Compute compute, DType dtype, Layout layout) {
        this.compute = compute;
        this.dtype = dtype;
        this.axis = layout.tensorAxis();
        this.dim = dim;
        Construction construction = new Construction(model(config, dim), dtype, axis.ranks(), axis.rank());
        this.unit = construction.parameters().unit("layers.1");
        construction.beginLayer(LAYER);
        this.mixer = config.build(construction, PREFIX);
        this.store = layout.store(compute, construction.parameters());
        store.initialize(compute, SEED);
        for (Parameter parameter : store.parameters()) {
            if (!parameter.spec().matrix()) {
                spread(parameter);
            }
        }
        store.refresh(compute);
    }

    /** A model of three layers. */
    static ModelConfig model(MixerConfig config, int dim) {
        return new ModelConfig(
                dim,
                LAYERS,
                4096,
                false,
                Map.of("mixer", config),
                Map.of("mlp", new SwiGluConfig(8)),
                List.of("mixer+mlp"),
                Optional.empty(),
                1e-5,
                SPREAD);
    }

    private static void spread(Parameter parameter) {
        int[] indices = indices(parameter);
        for (int i = 0; i < indices.length; i++) {
            double moved = SPREAD * CounterRandom.normal(SEED + 1, parameter.name(), indices[i]);
            parameter.master().set(i, (float) (parameter.master().get(i) + moved));
        }
    }

    /** Which elements of the whole parameter this rank has. */
    static int[] indices(Parameter parameter) {
        long all = parameter.spec().shape().columns();
        long columns = parameter.part().columns();
        int[] indices = new int[Math.toIntExact(parameter.count())];
        for (int i = 0; i < indices.length; i++) {
            long element = parameter.bandFrom() + i;
            indices[i] = (int) (element / columns * all + parameter.part().firstColumn() + element % columns);
        }
        return indices;
    }

    /** The mixer. */
    Mixer mixer() {
        return mixer;
    }

    /** The parameters by their names without the layer's, on a rank that has all. */
    Map<String, double[]> values() {
        Map<String, double[]> values = new TreeMap<>();
        for (Parameter parameter : store.parameters()) {
            values.put(shortName(parameter), doubles(parameter.master().toFloats()));
        }
        return values;
    }

    private static String shortName(Parameter parameter) {
        return parameter.name().substring(PREFIX.length());
    }

    static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i]);
        return wide;
    }

    /** Inputs, or directions, of {@code tokens} rows of {@code dim} numbers: normal, the same for each name. */
    static float[] normal(String name, int tokens, int dim) {
        float[] values = new float[tokens * dim];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) CounterRandom.normal(SEED, name, i);
        }
        return values;
    }

    /**
     * A pass over packed documents.
     *
     * @param out what the mixer has made of this rank's rows, the residual, which is x itself, taken off again
     * @param dX gradient of x through the mixer in this rank's rows
     * @param gradients of the parameters, by their names without the layer's, where this rank has no part of them zero
     */
    record Pass(float[] out, float[] dX, Map<String, double[]> gradients) {}

    /** Forward and backward of {@code sum(out * direction)}; each sequence has the documents of the given lengths. */
    Pass train(int[][] documents, boolean recompute, Optional<WeightQueue> queue) {
        store.beginStep(1);
        Pass pass;
        try (Batch batch = batch(documents);
                Tape tape = Tape.training(compute, dtype, queue.orElse(null), axis)) {
            int tokens = batch.sequences() * batch.length();
            Variable x = rows(tape, "x", tokens);
            tape.enter(unit, Tape.Use.TWICE);
            Variable out = recompute
                    ? tape.checkpoint(x, (inner, value) -> mixer.forward(inner, value, value, batch))
                    : tape.scope(() -> mixer.forward(tape, x, x, batch));
            tape.leave(unit, Tape.Use.TWICE);
            float[] mixed = difference(out.value(), x.value());
            Variable direction = rows(tape, "direction", tokens);
            tape.backward(out, direction.value().retain());
            Tensor gradient = x.passedGradient().orElseThrow();
            pass = new Pass(mixed, difference(gradient, direction.value()), new TreeMap<>());
            gradient.release();
        }
        queue.ifPresent(WeightQueue::run);
        store.finishGradients();
        for (Parameter parameter : store.parameters()) {
            pass.gradients.put(shortName(parameter), whole(parameter));
        }
        return pass;
    }

    /** This rank's rows of some numbers. */
    private Variable rows(Tape tape, String name, int tokens) {
        long[] shares = axis.shares(tokens);
        long first = Arrays.stream(shares).limit(axis.rank()).sum();
        Tensor all = input(name, tokens);
        Variable mine = tape.dividedLeaf(all.rows(first, shares[axis.rank()]), tokens, true);
        all.release();
        return mine;
    }

    private Tensor input(String name, int tokens) {
        Tensor all = compute.memory().zeros(Category.ACTIVATIONS, dtype, Shape.of(tokens, dim));
        all.setFloats(normal(name, tokens, dim));
        return all;
    }

    static float[] difference(Tensor a, Tensor b) {
        float[] values = a.toFloats();
        for (int i = 0; i < values.length; i++) {
            values[i] -= b.get(i);
        }
        return values;
    }

    static double[] whole(Parameter parameter) {
        double[] gradient = new double[Math.toIntExact(parameter.spec().shape().count())];
        int[] indices = indices(parameter);
        for (int i = 0; i < indices.length; i++) {
            gradient[indices[i]] += parameter.gradient().get(i);
        }
        return gradient;
    }

    private Batch batch(int[][] documents) {
        int length = Arrays.stream(documents[0]).sum();
        Batch batch = Batch.allocate(compute.memory(), documents.length, length);
        for (int s = 0; s < documents.length; s++) {
            int[] positions = new int[length];
            int[] ids = new int[length];
            int t = 0;
            for (int d = 0; d < documents[s].length; d++) {
                for (int i = 0; i < documents[s][d]; i++, t++) {
                    positions[t] = i;
                    ids[t] = d;
                }
            }
            batch.set(s, new int[length], new int[length], positions, ids);
        }
        return batch;
    }

    /** One sequence in pieces of so many tokens, each taken in at once: as {@link Pass#out}, all rows. */
    float[] decode(int... pieces) {
        int tokens = Arrays.stream(pieces).sum();
        MixerState state = mixer.newState(compute.memory(), tokens);
        float[] out = decode(state, pieces);
        state.close();
        return out;
    }

    private float[] decode(MixerState state, int... pieces) {
        int tokens = Arrays.stream(pieces).sum();
        float[] out = new float[tokens * dim];
        Tensor x = input("x", tokens);
        int from = 0;
        for (int piece : pieces) {
            int first = from;
            try (Tape tape = Tape.decoding(compute, dtype, axis);
                    Batch batch = Batch.allocate(compute.memory(), 1, piece)) {
                int[] positions = new int[piece];
                Arrays.setAll(positions, i -> first + i);
                batch.set(0, new int[piece], new int[piece], positions, new int[piece]);
                Variable now = tape.leaf(x.rows(from, piece), false);
                tape.enter(unit, Tape.Use.TWICE);
                Variable mixed = mixer.step(tape, now, now, batch, state);
                tape.leave(unit, Tape.Use.TWICE);
                System.arraycopy(difference(mixed.value(), now.value()), 0, out, from * dim, piece * dim);
            }
            from += piece;
        }
        x.release();
        return out;
    }

    /** Bytes that a state has in memory after a sequence in such pieces. */
    long stateBytes(int... pieces) {
        long before = compute.memory().live(Category.ACTIVATIONS);
        MixerState state =
                mixer.newState(compute.memory(), Arrays.stream(pieces).sum());
        decode(state, pieces);
        long bytes = compute.memory().live(Category.ACTIVATIONS) - before;
        state.close();
        return bytes;
    }
}
