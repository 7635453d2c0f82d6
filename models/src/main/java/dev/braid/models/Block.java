package dev.braid.models;

import dev.braid.tensor.Memory;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;

/** {@code h = x + mixer(norm(x)); y = h + ffn(norm(h))}. */
record Block(Unit unit, Weight mixerNorm, Mixer mixer, Weight ffnNorm, FeedForward ffn, float epsilon) {
    Variable forward(Tape tape, Variable x, Batch batch) {
        Variable h = mixer.forward(tape, Operations.rmsNorm(tape, x, mixerNorm, epsilon), x, batch);
        return ffn.forward(tape, Operations.rmsNorm(tape, h, ffnNorm, epsilon), h, batch);
    }

    BlockState newState(Memory memory, int longest) {
        return new BlockState(mixer.newState(memory, longest), ffn.newState(memory));
    }

    Variable step(Tape tape, Variable x, Batch batch, BlockState state) {
        Variable h = mixer.step(tape, Operations.rmsNorm(tape, x, mixerNorm, epsilon), x, batch, state.mixer());
        return ffn.step(tape, Operations.rmsNorm(tape, h, ffnNorm, epsilon), h, batch, state.ffn());
    }
}
