package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Weight;
import java.util.List;

/** {@code down(max(up(x), 0)^2)}, without a gate (So et al. 2021, arXiv 2109.08668). */
@Choice("relu_squared")
public record ReluSquaredConfig(@Key("Inner width.") int hidden) implements FeedForwardConfig, Validated {
    @Override
    public void validate(Faults faults) {
        if (hidden < 1) {
            faults.add("hidden", "is " + hidden + ", must be at least 1", "4 times model.dim is usual");
        }
    }

    @Override
    public List<String> tensorProblems(ModelConfig model, String name, int ranks) {
        return hidden < ranks ? List.of("more ranks than the hidden width " + hidden + " of " + name) : List.of();
    }

    @Override
    public FeedForward build(Construction construction, String prefix) {
        return new ReluSquared(this, construction, prefix);
    }

    /** The two products; training takes 12 dim hidden FLOPs a token. */
    private static final class ReluSquared implements FeedForward {
        private final Weight up;
        private final Weight down;

        ReluSquared(ReluSquaredConfig config, Construction construction, String prefix) {
            int dim = construction.model().dim();
            up = construction
                    .parameters()
                    .add(new ParameterSpec(
                            prefix + "up.weight",
                            Shape.of(config.hidden(), dim),
                            Division.ROWS,
                            construction.init().inner()));
            down = construction
                    .parameters()
                    .add(new ParameterSpec(
                            prefix + "down.weight",
                            Shape.of(dim, config.hidden()),
                            Division.COLUMNS,
                            construction.init().intoResidual()));
        }

        @Override
        public Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
            Variable inner = Operations.columnLinear(tape, x, up);
            Variable squared = Pointwise.apply(tape, inner, ElementFunction.SQUARED_RELU);
            return Operations.rowLinear(tape, squared, down, residual);
        }
    }
}
