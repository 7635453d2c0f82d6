package dev.braid.models;

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
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.ops.GroupNorm.Gating;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.Weight;
import java.util.List;
import java.util.Optional;

/** See {@link LightningConfig}. */
final class LightningMixer extends RecurrentMixer {
    private final LightningConfig config;
    private final HeadSizes sizes;
    private final HeadDivision heads;
    private final FixedDecays decays;
    private final float epsilon;
    private final Weight input;
    private final Optional<Weight> norm;
    private final Weight output;

    LightningMixer(LightningConfig config, Construction construction, String prefix) {
        ModelConfig model = construction.model();
        this.config = config;
        this.sizes = config.sizes(model.dim());
        this.heads = HeadDivision.of(construction, config.heads(), config.heads());
        heads.requireEven();
        int layer = construction.height();
        this.decays = FixedDecays.of(heads, head -> config.decays().log(head, config.heads(), layer, model.layers()));
        this.epsilon = (float) model.normEps();
        Projections projections = new Projections(construction, prefix, heads)
                .toHeads("q", sizes.key())
                .toHeads("k", sizes.key())
                .toHeads("v", sizes.value())
                .toHeads("g", sizes.value());
        input = projections.pack();
        norm = Optional.of(projections.perHead("norm.weight", sizes.value(), new Initialization.Constant(1)));
        output = projections.output(sizes.value());
    }

    @Override
    Variable mix(Tape tape, Variable x, Variable residual, Batch batch, Optional<RecurrentState> state) {
        int[] rows = input.partRows();
        List<Variable> parts =
                Columns.split(tape, Operations.columnLinear(tape, x, input), rows[0] + rows[1] + rows[2], rows[3]);
        Variable active = Pointwise.apply(tape, parts.get(0), ElementFunction.SILU);
        List<Variable> qkv = Columns.split(tape, active, rows[0], rows[1], rows[2]);
        Variable q = config.scale() ? Pointwise.scale(tape, qkv.get(0), sizes.scale()) : qkv.get(0);
        Tensor log = decays.tensor(tape.compute().memory());
        RecurrenceOperands operands = RecurrenceOperands.of(sizes.key(), sizes.value(), q, qkv.get(1), qkv.get(2))
                .withFixedDecay(log);
        Variable read = RecurrentOperations.recurrence(
                tape, operands, batch.sequences(), batch.documents(), RecurrentState.at(state, 0));
        log.release();
        Variable normed = Norms.gatedRms(tape, read, parts.get(1), Gating.SIGMOID_AFTER, norm, sizes.width(), epsilon);
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
