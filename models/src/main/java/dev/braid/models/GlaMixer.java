package dev.braid.models;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** See {@link GlaConfig}. */
final class GlaMixer extends RecurrentMixer {
    private final GlaConfig config;
    private final HeadSizes sizes;
    private final HeadDivision heads;
    private final float epsilon;
    private final Weight input;
    private final Optional<Weight> filter;
    private final Weight decay;
    private final Weight decayBias;
    private final Optional<Weight> norm;
    private final Weight output;

    GlaMixer(GlaConfig config, Construction construction, String prefix) {
        this.config = config;
        this.sizes = config.sizes(construction.model().dim());
        this.heads = HeadDivision.of(construction, config.heads(), config.heads());
        this.epsilon = (float) construction.model().normEps();
        Projections projections = new Projections(construction, prefix, heads)
                .toHeads("q", sizes.key())
                .toHeads("k", sizes.key())
                .toHeads("v", sizes.value())
                .toAll("decay_in", config.decayRank());
        if (config.gate()) {
            projections.toHeads("g", sizes.value());
        }
        input = projections.pack();
        filter = config.conv().map(width -> projections.filters(0, 3, width));
        decay = projections.second("decay_out.weight", config.decayRank(), sizes.key());
        decayBias = projections.perHead("decay_out.bias", sizes.key(), new Initialization.Constant(0));
        norm = Optional.of(projections.shared("norm.weight", sizes.value(), new Initialization.Constant(1)));
        output = projections.output(sizes.value());
    }

    @Override
    Variable mix(Tape tape, Variable x, Variable residual, Batch batch, Optional<RecurrentState> state) {
        int[] rows = input.partRows();
        int[] widths = Arrays.copyOfRange(rows, 2, rows.length);
        widths[0] = rows[0] + rows[1] + rows[2];
        List<Variable> parts = Columns.split(tape, Operations.columnLinear(tape, x, input), widths);
        List<Variable> qkv =
                Columns.split(tape, filtered(tape, parts.getFirst(), batch, state), rows[0], rows[1], rows[2]);
        Variable q = Pointwise.scale(tape, qkv.get(0), sizes.scale());
        RecurrenceOperands operands = RecurrenceOperands.of(sizes.key(), sizes.value(), q, qkv.get(1), qkv.get(2))
                .withDecay(logDecay(tape, parts.get(1)));
        Variable read = RecurrentOperations.recurrence(
                tape, operands, batch.sequences(), batch.documents(), RecurrentState.at(state, 0));
        Variable normed = config.gate()
                ? Norms.gatedRms(tape, read, parts.get(2), Gating.SILU_AFTER, norm, sizes.value(), epsilon)
                : Norms.rms(tape, read, norm, sizes.value(), epsilon);
        return Operations.rowLinear(tape, normed, output, residual);
    }

    private Variable filtered(Tape tape, Variable qkv, Batch batch, Optional<RecurrentState> state) {
        if (filter.isEmpty()) {
            return qkv;
        }
        return ShortConvolution.of(
                tape,
                qkv,
                filter.get(),
                Optional.empty(),
                true,
                batch.sequences(),
                batch.documents(),
                RecurrentState.at(state, 1));
    }

    /** F32 [n, heads key_size]: it goes through an exponential. */
    private Variable logDecay(Tape tape, Variable low) {
        Variable raw = Pointwise.convert(tape, Operations.linear(tape, low, decay), DType.F32);
        Variable log = Pointwise.apply(tape, Pointwise.plusBias(tape, raw, decayBias), ElementFunction.LOG_SIGMOID);
        return Pointwise.scale(tape, log, (float) (1 / config.decayDivisor()));
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
