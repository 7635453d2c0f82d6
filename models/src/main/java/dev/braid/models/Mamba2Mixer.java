package dev.braid.models;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Columns;
import dev.braid.tensor.autograd.Norms;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.RecurrenceOperands;
import dev.braid.tensor.autograd.RecurrentOperations;
import dev.braid.tensor.autograd.ShortConvolution;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.ops.GroupNorm.Gating;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.Weight;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** See {@link Mamba2Config}. */
final class Mamba2Mixer extends RecurrentMixer {
    // The first steps are spread evenly in their logarithm between these, the first decay rates evenly from 1 to 16, as
    // in the
    // paper's code.
    private static final double LEAST_FIRST_STEP = 1e-3;
    private static final double GREATEST_FIRST_STEP = 0.1;
    private static final double GREATEST_FIRST_RATE = 16;

    private final Mamba2Config config;
    private final int headSize;
    private final HeadDivision heads;
    private final float epsilon;
    private final Weight input;
    private final Optional<Weight> inputBias;
    private final Weight filter;
    private final Optional<Weight> filterBias;
    private final Weight stepBias;
    private final Weight logRate;
    private final Weight skip;
    private final Optional<Weight> norm;
    private final Weight output;
    private final Optional<Weight> outputBias;

    Mamba2Mixer(Mamba2Config config, Construction construction, String prefix) {
        this.config = config;
        this.headSize = config.headSize(construction.model().dim());
        this.heads = HeadDivision.of(construction, config.heads(), config.groups());
        this.epsilon = (float) construction.model().normEps();
        requireWholeNormGroups(construction.tensorRanks());
        Projections projections = new Projections(construction, prefix, heads)
                .toHeads("z", headSize)
                .toHeads("x", headSize)
                .toGroups("b", config.stateSize())
                .toGroups("c", config.stateSize())
                .toHeads("dt", 1);
        input = projections.pack();
        inputBias = Optionals.when(config.bias(), projections::biases);
        filter = projections.filters(1, 4, config.conv());
        filterBias = Optionals.when(config.convBias(), () -> projections.filterBiases(1, 4));
        stepBias = projections.perHead("dt_bias", 1, firstSteps());
        logRate = projections.perHead(
                "a_log", 1, new Initialization.Uniform(1, GREATEST_FIRST_RATE, Initialization.Of.LOGARITHM));
        skip = projections.perHead("d", 1, new Initialization.Constant(1));
        norm = Optionals.when(
                config.norm() != Mamba2Config.GatedNorm.NONE,
                () -> projections.perHead("norm.weight", headSize, new Initialization.Constant(1)));
        output = projections.output(headSize);
        outputBias = Optionals.when(
                config.outputBias(),
                () -> projections.shared("output.bias", construction.model().dim(), new Initialization.Constant(0)));
    }

    private static Initialization firstSteps() {
        return new Initialization.Uniform(
                Math.log(LEAST_FIRST_STEP),
                Math.log(GREATEST_FIRST_STEP),
                Initialization.Of.SOFTPLUS_INVERSE_OF_EXPONENTIAL);
    }

    /** A group of the norm is on one rank, or on all. */
    private void requireWholeNormGroups(int ranks) {
        boolean whole = config.normGroups() == 1 || config.normGroups() % ranks == 0;
        if (config.norm() != Mamba2Config.GatedNorm.NONE && !(heads.even() && whole)) {
            throw new IllegalArgumentException(config.heads() + " heads that are normalised in " + config.normGroups()
                    + " groups can't be divided over " + ranks
                    + " tensor ranks; allowed are ranks that divide the heads"
                    + (config.normGroups() == 1 ? "" : " and the groups of the norm"));
        }
    }

    @Override
    Variable mix(Tape tape, Variable in, Variable residual, Batch batch, Optional<RecurrentState> state) {
        int[] rows = input.partRows();
        List<Variable> parts = Columns.split(tape, project(tape, in), rows[0], rows[1] + rows[2] + rows[3], rows[4]);
        Variable z = parts.get(0);
        Variable filtered = ShortConvolution.of(
                tape,
                parts.get(1),
                filter,
                filterBias,
                true,
                batch.sequences(),
                batch.documents(),
                RecurrentState.at(state, 0));
        List<Variable> xbc = Columns.split(tape, filtered, rows[1], rows[2], rows[3]);
        Variable x = xbc.get(0);
        Variable step = step(tape, parts.get(2));
        RecurrenceOperands operands = RecurrenceOperands.of(
                        config.stateSize(), headSize, xbc.get(2), xbc.get(1), Pointwise.scaleHeads(tape, x, step))
                .withDecay(Pointwise.decay(tape, step, logRate));
        Variable read = RecurrentOperations.recurrence(
                tape, operands, batch.sequences(), batch.documents(), RecurrentState.at(state, 1));
        Variable y = Pointwise.add(tape, read, Pointwise.scaleColumns(tape, x, skip));
        Variable out = Operations.rowLinear(tape, gated(tape, y, z), output, residual);
        return outputBias.map(bias -> Pointwise.plusBias(tape, out, bias)).orElse(out);
    }

    private Variable project(Tape tape, Variable in) {
        Variable product = Operations.columnLinear(tape, in, input);
        Variable projected =
                inputBias.map(bias -> Operations.addBias(tape, product, bias)).orElse(product);
        return config.factors()
                .map(factors -> scaled(tape, projected, factors.values()))
                .orElse(projected);
    }

    private Variable scaled(Tape tape, Variable projected, double[] factors) {
        int[] rows = input.partRows();
        float[] columns = new float[projected.columns()];
        int from = 0;
        for (int part = 0; part < rows.length; part++) {
            Arrays.fill(columns, from, from + rows[part], (float) factors[part]);
            from += rows[part];
        }
        Tensor vector = tape.compute().memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(columns.length));
        vector.setFloats(columns);
        Variable result = Pointwise.scaleColumns(tape, projected, vector);
        vector.release();
        return result;
    }

    /** Steps [n, heads], F32: they go through an exponential. */
    private Variable step(Tape tape, Variable dt) {
        Variable raw = Pointwise.plusBias(tape, Pointwise.convert(tape, dt, DType.F32), stepBias);
        Variable step = Pointwise.apply(tape, raw, ElementFunction.SOFTPLUS);
        if (config.minStep() == 0 && config.maxStep().isEmpty()) {
            return step;
        }
        float greatest = config.maxStep().map(Double::floatValue).orElse(Float.POSITIVE_INFINITY);
        return Pointwise.clamp(tape, step, (float) config.minStep(), greatest);
    }

    private Variable gated(Tape tape, Variable y, Variable z) {
        int size = config.heads() * headSize / config.normGroups();
        return switch (config.norm()) {
            case GATE_FIRST -> Norms.gatedRms(tape, y, z, Gating.SILU_BEFORE, norm, size, epsilon);
            case NORM_FIRST -> Norms.gatedRms(tape, y, z, Gating.SILU_AFTER, norm, size, epsilon);
            case NONE -> Pointwise.multiply(tape, y, Pointwise.apply(tape, z, ElementFunction.SILU));
        };
    }

    @Override
    List<Shape> stateShapes() {
        return List.of(
                Shape.of(1, config.conv() - 1L, filter.rows()),
                Shape.of(1, heads.count(), config.stateSize(), headSize));
    }

    @Override
    public double positionFlopsPerToken(int length) {
        return 4.0 * config.heads() * headSize * config.stateSize();
    }
}
