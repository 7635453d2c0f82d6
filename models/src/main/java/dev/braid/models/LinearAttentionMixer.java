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
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.Weight;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** See {@link LinearAttentionConfig}. */
final class LinearAttentionMixer extends RecurrentMixer {
    private final LinearAttentionConfig config;
    private final HeadSizes sizes;
    private final HeadDivision heads;
    private final float epsilon;
    private final Weight input;
    private final Optional<Weight> norm;
    private final Weight output;

    LinearAttentionMixer(LinearAttentionConfig config, Construction construction, String prefix) {
        this.config = config;
        this.sizes = config.sizes(construction.model().dim());
        this.heads = HeadDivision.of(construction, config.heads(), config.heads());
        this.epsilon = (float) construction.model().normEps();
        Projections projections = new Projections(construction, prefix, heads)
                .toHeads("q", sizes.key())
                .toHeads("k", sizes.key())
                .toHeads("v", sizes.value());
        input = projections.pack();
        norm = Optionals.when(
                config.norm(), () -> projections.shared("norm.weight", sizes.value(), new Initialization.Constant(1)));
        output = projections.output(sizes.value());
    }

    @Override
    Variable mix(Tape tape, Variable x, Variable residual, Batch batch, Optional<RecurrentState> state) {
        List<Variable> parts = Columns.split(tape, Operations.columnLinear(tape, x, input), input.partRows());
        Variable q = features(tape, parts.get(0));
        Variable k = features(tape, parts.get(1));
        Variable v = parts.get(2);
        Optional<Tensor> states = RecurrentState.at(state, 0);
        Variable read;
        if (config.normalise()) {
            Variable weighted = recurrence(tape, sizes.value(), q, k, v, batch, states);
            Variable sums = recurrence(tape, 1, q, k, ones(tape, q.rows()), batch, RecurrentState.at(state, 1));
            read = Pointwise.divideHeads(tape, weighted, sums);
        } else {
            read = recurrence(tape, sizes.value(), Pointwise.scale(tape, q, sizes.scale()), k, v, batch, states);
        }
        Variable normed = norm.isPresent() ? Norms.rms(tape, read, norm, sizes.value(), epsilon) : read;
        return Operations.rowLinear(tape, normed, output, residual);
    }

    private Variable features(Tape tape, Variable x) {
        return config.featureMap()
                .function()
                .map(function -> Pointwise.apply(tape, x, function))
                .orElse(x);
    }

    private Variable recurrence(
            Tape tape, int valueSize, Variable q, Variable k, Variable v, Batch batch, Optional<Tensor> state) {
        RecurrenceOperands operands = RecurrenceOperands.of(sizes.key(), valueSize, q, k, v);
        return RecurrentOperations.recurrence(tape, operands, batch.sequences(), batch.documents(), state);
    }

    /** The values whose weights the normaliser adds up, F32 as the sum must be. */
    private Variable ones(Tape tape, int rows) {
        Tensor ones = tape.compute().memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(rows, heads.count()));
        float[] values = new float[Math.toIntExact(ones.count())];
        Arrays.fill(values, 1);
        ones.setFloats(values);
        Variable constant = tape.leaf(ones, false);
        ones.release();
        return constant;
    }

    @Override
    List<Shape> stateShapes() {
        Shape states = sizes.state(heads.count());
        return config.normalise()
                ? List.of(states, new HeadSizes(sizes.heads(), sizes.key(), 1).state(heads.count()))
                : List.of(states);
    }

    @Override
    public double positionFlopsPerToken(int length) {
        double normaliser = config.normalise() ? 4.0 * config.heads() * sizes.key() : 0;
        return sizes.flops() + normaliser;
    }
}
