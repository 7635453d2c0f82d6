package dev.braid.models;

import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import java.util.List;
import java.util.Optional;

/** A mixer whose equation is the same for training and for decoding, where it goes on from a state. */
abstract class RecurrentMixer implements Mixer {
    /**
     * The equation.
     *
     * @param state of the sequence before its tokens, afterwards behind them; empty where sequences start from zero
     */
    abstract Variable mix(Tape tape, Variable x, Variable residual, Batch batch, Optional<RecurrentState> state);

    /** What a decoder keeps of one sequence. */
    abstract List<Shape> stateShapes();

    @Override
    public final Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
        return mix(tape, x, residual, batch, Optional.empty());
    }

    @Override
    public final Variable step(Tape tape, Variable x, Variable residual, Batch batch, MixerState state) {
        return mix(tape, x, residual, batch, Optional.of((RecurrentState) state));
    }

    @Override
    public final MixerState newState(Memory memory, int longest) {
        return new RecurrentState(memory, stateShapes());
    }
}
