package dev.braid.models;

import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Operations.HeadLayout;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Weight;
import java.util.Optional;

/** The norm of queries and keys, see {@link QkNorm}. */
sealed interface AttentionNorm {
    /** Normalises the query and key columns of a packed matrix; values pass unchanged. */
    Variable apply(Tape tape, Variable packed, HeadLayout layout);

    /** Declares the weights {@code q_norm.weight} and {@code k_norm.weight}, if there is a norm. */
    static Optional<AttentionNorm> declare(AttentionConfig config, Construction construction, String prefix) {
        int size = config.headSize(construction.model().dim());
        float epsilon = (float) construction.model().normEps();
        return switch (config.qkNorm()) {
            case NONE -> Optional.empty();
            case HEAD ->
                Optional.of(new OverHeads(
                        weight(construction, prefix + "q_norm.weight", size, Division.WHOLE),
                        weight(construction, prefix + "k_norm.weight", size, Division.WHOLE),
                        epsilon));
            case WIDTH -> throw new UnsupportedOperationException();
        };
    }

    private static Weight weight(Construction construction, String name, long count, Division division) {
        return construction
                .parameters()
                .add(new ParameterSpec(name, Shape.of(count), division, new Initialization.Constant(1)));
    }

    /** Over each head alone. */
    record OverHeads(Weight query, Weight key, float epsilon) implements AttentionNorm {
        @Override
        public Variable apply(Tape tape, Variable packed, HeadLayout layout) {
            return Operations.headNorm(tape, packed, layout, query, key, epsilon);
        }
    }
}
