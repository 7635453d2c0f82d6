package dev.braid.tensor.autograd;

import dev.braid.tensor.Tensor;
import java.util.Optional;

/** Rules of operations in which a token sees the tokens just before it. */
final class NeighbourRows {
    private NeighbourRows() {}

    /** The tokens of a sequence must all be on this rank, and a state is for tapes that don't record. */
    static void require(String operation, Tape tape, Variable x, Optional<Tensor> state) {
        if (x.divided()) {
            throw new IllegalArgumentException(operation + ": this rank has " + x.rows() + " of " + x.tokens()
                    + " tokens, but a token needs those before it; use GatherRows first");
        }
        if (state.isPresent() && tape.recording()) {
            throw new IllegalArgumentException(operation + ": a state is for tapes that don't record");
        }
    }
}
