package dev.braid.models;

import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.GatherRows;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.TokenShift;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.Weight;
import java.util.List;
import java.util.Optional;

/** See {@link RwkvChannelMixConfig}. */
final class RwkvChannelMix implements FeedForward {
    private final int dim;
    private final Weight shift;
    private final Weight key;
    private final Weight value;

    RwkvChannelMix(RwkvChannelMixConfig config, Construction construction, String prefix) {
        Parameters parameters = construction.parameters();
        dim = construction.model().dim();
        Rwkv7FirstValues starts = new Rwkv7FirstValues(construction.model(), construction.height(), 1);
        shift = parameters.add(new ParameterSpec(
                prefix + "x_k",
                Shape.of(dim),
                Division.WHOLE,
                new Initialization.ByElement(starts.feedForwardShift())));
        key = parameters.add(new ParameterSpec(
                prefix + "key.weight",
                Shape.of(config.hidden(), dim),
                Division.ROWS,
                construction.init().inner()));
        value = parameters.add(new ParameterSpec(
                prefix + "value.weight",
                Shape.of(dim, config.hidden()),
                Division.COLUMNS,
                construction.init().intoResidual()));
    }

    @Override
    public Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
        return mix(tape, x, residual, batch, Optional.empty());
    }

    @Override
    public MixerState newState(Memory memory, int longest) {
        return new RecurrentState(memory, List.of(Shape.of(1, dim)));
    }

    @Override
    public Variable step(Tape tape, Variable x, Variable residual, Batch batch, MixerState state) {
        return mix(tape, x, residual, batch, Optional.of((RecurrentState) state));
    }

    private Variable mix(Tape tape, Variable x, Variable residual, Batch batch, Optional<RecurrentState> state) {
        Variable mixed = TokenShift.mix(
                        tape,
                        GatherRows.of(tape, x),
                        List.of(shift),
                        batch.sequences(),
                        batch.documents(),
                        RecurrentState.at(state, 0))
                .getFirst();
        Variable hidden = Pointwise.apply(tape, Operations.linear(tape, mixed, key), ElementFunction.SQUARED_RELU);
        return Operations.rowLinear(tape, hidden, value, residual);
    }
}
