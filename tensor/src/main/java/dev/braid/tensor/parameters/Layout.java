package dev.braid.tensor.parameters;

import dev.braid.tensor.Compute;

/** How one rank takes part in a model: its place on the tensor axis and the expert axis, and who holds its parameters. */
public interface Layout {
    /** A rank that has the model for itself. */
    Layout SINGLE = new Layout() {
        @Override
        public TensorAxis tensorAxis() {
            return TensorAxis.SINGLE;
        }

        @Override
        public ParameterStore store(Compute compute, Parameters declared) {
            return new WholeStore(compute, declared);
        }
    };

    /** The rank's place on the tensor axis, and how it speaks with the others there. */
    TensorAxis tensorAxis();

    /** The rank's place among those that hold different experts, and how it speaks with them. */
    default ExpertAxis expertAxis() {
        return ExpertAxis.SINGLE;
    }

    /** Allocates the declared parameters. */
    ParameterStore store(Compute compute, Parameters declared);
}
