package dev.braid.models;

import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Weight;
import java.util.Optional;

/**
 * A projection through few columns, {@code up(f(down(x)))}, of rows that every rank of the tensor axis has. Every rank has all of
 * {@code down}, whose gradient is a summand on each, and its own rows of {@code up}.
 */
record LowRank(Weight down, Optional<ElementFunction> function, Weight up) {
    /**
     * Declares {@code name.down.weight} and {@code name.up.weight}.
     *
     * @param columns of the result, over all ranks
     * @param group columns of the result that stay on one rank: those of a head
     */
    static LowRank declare(
            Construction construction,
            String name,
            int rank,
            Optional<ElementFunction> function,
            int columns,
            int group) {
        int dim = construction.model().dim();
        Weight down = construction
                .parameters()
                .add(new ParameterSpec(
                        name + ".down.weight",
                        Shape.of(rank, dim),
                        Division.WHOLE,
                        construction.init().inner()));
        Weight up = construction
                .parameters()
                .add(new ParameterSpec(
                        name + ".up.weight",
                        Shape.of(columns, rank),
                        new Division.Rows(group),
                        construction.init().inner()));
        return new LowRank(down, function, up);
    }

    /** [n, columns of this rank]. */
    Variable apply(Tape tape, Variable x) {
        Variable hidden = Operations.linear(tape, x, down);
        if (function.isPresent()) {
            hidden = Pointwise.apply(tape, hidden, function.get());
        }
        return Operations.linear(tape, hidden, up);
    }
}
