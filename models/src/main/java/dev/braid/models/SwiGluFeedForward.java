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

/** See {@link SwiGluConfig}. */
final class SwiGluFeedForward implements FeedForward {
    private final SwiGluConfig config;
    private final Weight gateUp;
    private final Weight down;

    SwiGluFeedForward(SwiGluConfig config, Construction construction, String prefix) {
        this.config = config;
        Parameters parameters = construction.parameters();
        int dim = construction.model().dim();
        Initialization inner = construction.init().inner();
        gateUp = parameters.pack(List.of(
                new ParameterSpec(prefix + "gate.weight", Shape.of(config.hidden(), dim), Division.ROWS, inner),
                new ParameterSpec(prefix + "up.weight", Shape.of(config.hidden(), dim), Division.ROWS, inner)));
        down = parameters.add(new ParameterSpec(
                prefix + "down.weight",
                Shape.of(dim, config.hidden()),
                Division.COLUMNS,
                construction.init().intoResidual()));
    }

    @Override
    public Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
        Variable projected = Operations.columnLinear(tape, x, gateUp);
        Variable hidden = Operations.swiGlu(tape, scaledGate(tape, projected));
        float factor = (float) config.downScale();
        Variable inner = factor == 1 ? hidden : Pointwise.scale(tape, hidden, factor);
        return Operations.rowLinear(tape, inner, down, residual);
    }

    private Variable scaledGate(Tape tape, Variable projected) {
        if (config.gateScale() == 1) {
            return projected;
        }
        float[] factors = new float[projected.columns()];
        Arrays.fill(factors, 0, factors.length / 2, (float) config.gateScale());
        Arrays.fill(factors, factors.length / 2, factors.length, 1);
        Tensor columns = tape.compute().memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(factors.length));
        columns.setFloats(factors);
        Variable scaled = Pointwise.scaleColumns(tape, projected, columns);
        columns.release();
        return scaled;
    }
}
