package dev.braid.models;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.Weight;
import java.util.Arrays;
import java.util.List;

/** {@code s down(f(r gate(x)) * up(x))}, r and s usually 1; training takes 18 dim hidden FLOPs a token. */
final class GatedFeedForward implements FeedForward {
    /** {@code f(gate) * up} of a packed {@code [gate, up]} matrix. */
    interface Unit {
        Variable apply(Tape tape, Variable gateUp);
    }

    private final Unit unit;
    private final float gateScale;
    private final float downScale;
    private final Weight gateUp;
    private final Weight down;

    /**
     * Declares the weights.
     *
     * @param gateScale factor of {@code gate(x)}
     * @param downScale factor of the result
     */
    GatedFeedForward(
            int hidden, Unit unit, double gateScale, double downScale, Construction construction, String prefix) {
        this.unit = unit;
        this.gateScale = (float) gateScale;
        this.downScale = (float) downScale;
        Parameters parameters = construction.parameters();
        int dim = construction.model().dim();
        Initialization inner = construction.init().inner();
        gateUp = parameters.pack(List.of(
                new ParameterSpec(prefix + "gate.weight", Shape.of(hidden, dim), Division.ROWS, inner),
                new ParameterSpec(prefix + "up.weight", Shape.of(hidden, dim), Division.ROWS, inner)));
        down = parameters.add(new ParameterSpec(
                prefix + "down.weight",
                Shape.of(dim, hidden),
                Division.COLUMNS,
                construction.init().intoResidual()));
    }

    @Override
    public Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
        Variable projected = Operations.columnLinear(tape, x, gateUp);
        Variable hidden = unit.apply(tape, scaledGate(tape, projected));
        Variable inner = downScale == 1 ? hidden : Pointwise.scale(tape, hidden, downScale);
        return Operations.rowLinear(tape, inner, down, residual);
    }

    private Variable scaledGate(Tape tape, Variable projected) {
        if (gateScale == 1) {
            return projected;
        }
        float[] factors = new float[projected.columns()];
        Arrays.fill(factors, 0, factors.length / 2, gateScale);
        Arrays.fill(factors, factors.length / 2, factors.length, 1);
        Tensor columns = tape.compute().memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(factors.length));
        columns.setFloats(factors);
        Variable scaled = Pointwise.scaleColumns(tape, projected, columns);
        columns.release();
        return scaled;
    }
}
