package dev.braid.models;

import dev.braid.tensor.autograd.Norms;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.GroupNorm;
import dev.braid.tensor.ops.GroupNorm.Gating;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.Weight;
import java.util.Optional;

/** RMSNorm over each head of what a state has been asked for, with a gate behind it or without one; all heads share the weight. */
record OutputNorm(Weight weight, GroupNorm form) {
    /** Declares its weight [size]. */
    static OutputNorm of(Projections projections, Gating gating, int size, double epsilon) {
        Weight weight = projections.shared("norm.weight", size, new Initialization.Constant(1));
        return new OutputNorm(weight, GroupNorm.rms(size, (float) epsilon).withGating(gating));
    }

    /** {@code norm(o) * act(gate)}; o and gate [n, heads dv]. */
    Variable of(Tape tape, Variable o, Optional<Variable> gate) {
        return Norms.of(tape, form, o, gate, Optional.of(weight));
    }
}
