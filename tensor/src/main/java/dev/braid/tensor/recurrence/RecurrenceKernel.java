package dev.braid.tensor.recurrence;

import dev.braid.tensor.Compute;
import dev.braid.tensor.attention.Operand;
import java.util.List;

/** One implementation of the recurrence. The facade has checked everything; addresses are valid for the call, 0 is absent. */
interface RecurrenceKernel {
    /** How the logarithms of the decay are stored. */
    enum DecayKind {
        NONE,
        FIXED,
        SCALAR,
        VECTOR
    }

    /**
     * The factors of the rank-one change.
     *
     * @param b null where it is k
     */
    record Factors(Shared a, Shared b) {}

    /** Their gradients: that of b is null where it is part of that of k. */
    record FactorGradients(Operand a, Operand b) {}

    /**
     * What forward and backward share.
     *
     * @param chunks of each sequence
     * @param saves states that each head of each sequence may save
     * @param decay logarithms by token, for {@code SCALAR} and {@code VECTOR}; else null
     * @param fixedDecay address of the logarithms by head, for {@code FIXED}
     * @param q null where nothing is read
     * @param v null where nothing is written to the state, for the transition of a segment
     * @param erase null where there is none
     */
    record Problem(
            RecurrenceSpec spec,
            List<List<Chunk>> chunks,
            int saves,
            int heads,
            int keySize,
            int valueSize,
            Shared q,
            Shared k,
            Shared v,
            DecayKind decayKind,
            Operand decay,
            long fixedDecay,
            Factors erase,
            long bonus,
            long initial) {
        /** There is a rank-one change whose b is not k. */
        boolean apart() {
            return erase != null && erase.b() != null;
        }

        /** Bytes of one state. */
        long stateBytes() {
            return 4L * keySize * valueSize;
        }

        /** Address of a state in {@code [batch, heads, dk, dv]}, for the task of a sequence and a head. */
        long stateAt(long states, int task) {
            return states + task * stateBytes();
        }

        /** Address of a saved state in {@code [batch, heads, saves, dk, dv]}. */
        long savedAt(long saved, int task, int index) {
            return saved + ((long) task * saves + index) * stateBytes();
        }
    }

    /** What the forward pass writes: {@code o} may be null. The final states may lie where the initial ones do. */
    record Outputs(Operand o, long saved, long finalState) {}

    /**
     * What the backward pass reads and overwrites.
     *
     * @param decay null where it is not wanted
     * @param erase null where there is none
     */
    record Gradients(
            long saved,
            Operand dO,
            long finalState,
            Operand q,
            Operand k,
            Operand v,
            Operand decay,
            long fixedDecay,
            FactorGradients erase,
            long bonus,
            long initial) {}

    /** Writes outputs, saved states and final states. */
    void forward(Compute compute, Problem problem, Outputs outputs);

    /** Writes all gradients. */
    void backward(Compute compute, Problem problem, Gradients gradients);
}
