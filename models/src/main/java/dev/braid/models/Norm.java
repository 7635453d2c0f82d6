package dev.braid.models;

import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Norms;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Weight;

/** A norm on the residual stream, of the model's {@link NormKind}: over the width of each token. */
@FunctionalInterface
interface Norm {
    /** {@code norm(x)}: [tokens, dim]. */
    Variable apply(Tape tape, Variable x);

    /** Declares one with the weight {@code name.weight} and, where the kind has it, {@code name.bias}. */
    static Norm declare(Construction construction, String name) {
        float epsilon = (float) construction.model().normEps();
        return switch (construction.model().norm()) {
            case RMS -> {
                Weight weight = vector(construction, name + ".weight", 1);
                yield (tape, x) -> Operations.rmsNorm(tape, x, weight, epsilon);
            }
            case RMS_ZERO_CENTERED -> {
                Weight weight = vector(construction, name + ".weight", 0);
                yield (tape, x) -> Operations.rmsNorm(tape, x, weight, 1, epsilon);
            }
            case LAYER -> {
                Weight weight = vector(construction, name + ".weight", 1);
                Weight bias = vector(construction, name + ".bias", 0);
                yield (tape, x) -> Norms.layer(tape, x, weight, bias, epsilon);
            }
        };
    }

    private static Weight vector(Construction construction, String name, float first) {
        return construction
                .parameters()
                .add(new ParameterSpec(
                        name,
                        Shape.of(construction.model().dim()),
                        Division.WHOLE,
                        new Initialization.Constant(first)));
    }
}
