package dev.braid.models;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Columns;
import dev.braid.tensor.autograd.LowerBounds;
import dev.braid.tensor.autograd.Norms;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.RecurrenceOperands;
import dev.braid.tensor.autograd.RecurrentOperations;
import dev.braid.tensor.autograd.RowVectors;
import dev.braid.tensor.autograd.ShortConvolution;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** See {@link Hgrn2Config}. */
final class Hgrn2Mixer extends RecurrentMixer {
    private final HeadSizes sizes;
    private final HeadDivision heads;
    private final float epsilon;
    private final Weight input;
    private final Optional<Weight> filter;
    private final Optional<Bounds> bounds;
    private final Optional<Weight> norm;
    private final Weight output;

    /**
     * The lower bounds of the model's layers.
     *
     * @param name by which layers hand them on
     * @param made what they are made of, in the layer that makes them
     * @param layer this one; the first of the model has no bound
     * @param layers of the model
     */
    private record Bounds(String name, Optional<Weight> made, int layer, int layers) {}

    /** What a token keeps of the states, and what it writes. */
    private record Gates(Variable logForget, Variable key) {}

    Hgrn2Mixer(Hgrn2Config config, Construction construction, String prefix) {
        this.sizes = config.sizes(construction.model().dim());
        this.heads = HeadDivision.of(construction, config.heads(), config.heads());
        heads.requireEven();
        this.epsilon = (float) config.normEps();
        Projections projections = new Projections(construction, prefix, heads)
                .toHeads("q", sizes.key())
                .toHeads("f", sizes.key())
                .toHeads("v", sizes.value());
        input = projections.pack();
        filter = config.conv().map(width -> projections.filters(0, 3, width));
        bounds = Optionals.when(
                config.lowerBounds() && construction.model().layers() > 1,
                () -> bounds(projections, construction, prefix));
        norm = Optional.of(projections.perHead("norm.weight", sizes.value(), new Initialization.Constant(1)));
        output = projections.output(sizes.value());
    }

    private Bounds bounds(Projections projections, Construction construction, String prefix) {
        int layers = construction.model().layers();
        // The same in all layers: the part of the name behind the layer's.
        String name = prefix.substring(prefix.indexOf('.', "layers.".length()) + 1) + "lower_bounds";
        boolean made = construction.carryFixed(name, 2 * layers, heads.count() * sizes.key());
        return new Bounds(
                name,
                Optionals.when(
                        made,
                        () -> projections.rowsOverHeads(
                                "lower_bounds", layers, sizes.key(), new Initialization.Constant(0))),
                construction.height(),
                layers);
    }

    @Override
    Variable mix(Tape tape, Variable x, Variable residual, Batch batch, Optional<RecurrentState> state) {
        Variable projected = Operations.columnLinear(tape, x, input);
        List<Variable> parts = Columns.split(tape, filtered(tape, projected, batch, state), input.partRows());
        Variable q = Pointwise.scale(tape, Pointwise.apply(tape, parts.get(0), ElementFunction.SILU), sizes.scale());
        Gates gates = gates(tape, Pointwise.convert(tape, parts.get(1), DType.F32), batch.carried());
        Variable key = Pointwise.convert(tape, gates.key(), tape.dtype());
        RecurrenceOperands operands = RecurrenceOperands.of(sizes.key(), sizes.value(), q, key, parts.get(2))
                .withDecay(gates.logForget());
        Variable read = RecurrentOperations.recurrence(
                tape, operands, batch.sequences(), batch.documents(), RecurrentState.at(state, 0));
        return Operations.rowLinear(tape, Norms.rms(tape, read, norm, sizes.width(), epsilon), output, residual);
    }

    private Variable filtered(Tape tape, Variable packed, Batch batch, Optional<RecurrentState> state) {
        if (filter.isEmpty()) {
            return packed;
        }
        return ShortConvolution.of(
                tape,
                packed,
                filter.get(),
                Optional.empty(),
                false,
                batch.sequences(),
                batch.documents(),
                RecurrentState.at(state, 1));
    }

    /**
     * With s the sigmoid and b the bound: {@code log f = log(b + (1 - b) s(x)) = softplus(log b - x) + log s(x)}, and what is not
     * kept is {@code 1 - f = (1 - b) s(-x)}. In these forms nothing small is lost in a sum. F32.
     */
    private Gates gates(Tape tape, Variable x, CarriedValues carried) {
        Variable logOpen = Pointwise.apply(tape, x, ElementFunction.LOG_SIGMOID);
        Variable minus = Pointwise.scale(tape, x, -1);
        Variable closed = Pointwise.apply(tape, minus, ElementFunction.SIGMOID);
        if (bounds.isEmpty()) {
            return new Gates(logOpen, closed);
        }
        Bounds shared = bounds.get();
        shared.made().ifPresent(weight -> carried.put(shared.name(), LowerBounds.of(tape, weight)));
        if (shared.layer() == 0) {
            return new Gates(logOpen, closed);
        }
        Variable forms = carried.get(shared.name());
        Variable shifted = RowVectors.plus(tape, minus, RowVectors.row(tape, forms, shared.layer()));
        Variable raise = Pointwise.apply(tape, shifted, ElementFunction.SOFTPLUS);
        Variable rest = RowVectors.row(tape, forms, shared.layers() + shared.layer());
        return new Gates(Pointwise.add(tape, raise, logOpen), RowVectors.multiply(tape, closed, rest));
    }

    @Override
    List<Shape> stateShapes() {
        List<Shape> shapes = new ArrayList<>(List.of(sizes.state(heads.count())));
        filter.ifPresent(weight -> shapes.add(Shape.of(1, weight.columns() - 1L, weight.rows())));
        return shapes;
    }

    @Override
    public double positionFlopsPerToken(int length) {
        return sizes.flops();
    }
}
