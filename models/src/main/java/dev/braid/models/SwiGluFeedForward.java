package dev.braid.models;

import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Parameter.Initialization;
import dev.braid.tensor.autograd.Parameters;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.Weight;
import java.util.List;

/** {@code down(silu(gate(x)) * up(x))}. */
final class SwiGluFeedForward implements FeedForward {
    private final Weight gateUp;
    private final Weight down;

    SwiGluFeedForward(SwiGluConfig config, Construction construction, String prefix) {
        Parameters parameters = construction.parameters();
        int dim = construction.model().dim();
        Initialization inner = construction.init().inner();
        gateUp = parameters.pack(List.of(
                new Parameters.Spec(prefix + "gate.weight", Shape.of(config.hidden(), dim), inner),
                new Parameters.Spec(prefix + "up.weight", Shape.of(config.hidden(), dim), inner)));
        down = parameters.add(
                prefix + "down.weight",
                Shape.of(dim, config.hidden()),
                construction.init().intoResidual());
    }

    @Override
    public Variable forward(Tape tape, Variable x, Variable residual) {
        Variable hidden = Operations.swiGlu(tape, Operations.linear(tape, x, gateUp));
        return Operations.linear(tape, hidden, down, residual);
    }
}
