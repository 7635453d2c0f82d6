package dev.braid.models;

import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Columns;
import dev.braid.tensor.autograd.Norms;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Operations.HeadLayout;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.RecurrenceOperands;
import dev.braid.tensor.autograd.RecurrentOperations;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.GroupNorm.Gating;
import dev.braid.tensor.ops.RopeTable;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.Weight;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** See {@link RetNetConfig}. */
final class RetNetMixer extends RecurrentMixer {
    private final RetNetConfig config;
    private final HeadSizes sizes;
    private final HeadDivision heads;
    private final FixedDecays decays;
    private final Optional<Supplier<RopeTable>> rope;
    private final float epsilon;
    private final Weight input;
    private final Optional<Weight> norm;
    private final Weight output;

    RetNetMixer(RetNetConfig config, Construction construction, String prefix) {
        this.config = config;
        this.sizes = config.sizes(construction.model().dim());
        this.heads = HeadDivision.of(construction, config.heads(), config.heads());
        this.decays = FixedDecays.of(heads, RetNetConfig::logDecay);
        this.rope = config.rope().map(settings -> construction.ropeTable(sizes.key(), settings));
        this.epsilon = (float) construction.model().normEps();
        Projections projections = new Projections(construction, prefix, heads)
                .toHeads("q", sizes.key())
                .toHeads("k", sizes.key())
                .toHeads("v", sizes.value());
        if (config.gate()) {
            projections.toHeads("g", sizes.value());
        }
        input = projections.pack();
        norm = Optional.of(projections.shared("norm.weight", sizes.value(), new Initialization.Constant(1)));
        output = projections.output(sizes.value());
    }

    @Override
    Variable mix(Tape tape, Variable x, Variable residual, Batch batch, Optional<RecurrentState> state) {
        Variable projected = Operations.columnLinear(tape, x, input);
        HeadLayout layout = new HeadLayout(heads.count(), heads.count(), sizes.key());
        Variable rotated = rope.isPresent()
                ? Operations.rope(tape, projected, layout, rope.get().get(), batch.positions())
                : projected;
        List<Variable> parts = Columns.split(tape, rotated, input.partRows());
        Variable q = Pointwise.scale(tape, parts.get(0), sizes.scale());
        Tensor log = decays.tensor(tape.compute().memory());
        RecurrenceOperands operands = RecurrenceOperands.of(sizes.key(), sizes.value(), q, parts.get(1), parts.get(2))
                .withFixedDecay(log);
        Variable read = RecurrentOperations.recurrence(
                tape, operands, batch.sequences(), batch.documents(), RecurrentState.at(state, 0));
        log.release();
        Variable normed = config.gate()
                ? Norms.gatedRms(tape, read, parts.get(3), Gating.SILU_AFTER, norm, sizes.value(), epsilon)
                : Norms.rms(tape, read, norm, sizes.value(), epsilon);
        return Operations.rowLinear(tape, normed, output, residual);
    }

    @Override
    List<Shape> stateShapes() {
        return List.of(sizes.state(heads.count()));
    }

    @Override
    public double positionFlopsPerToken(int length) {
        return sizes.flops();
    }
}
