package dev.braid.tensor.autograd;

import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * A piece of a tape that keeps its inputs only and runs again in backward (Chen et al. 2016, arXiv 1604.06174). Its results pass
 * their gradients here one after the other; when backward comes to where the piece began, all are there.
 */
final class Checkpoint {
    private final Tape tape;
    private final List<Variable> inputs;
    private final BiFunction<Tape, List<Variable>, List<Variable>> body;
    private final List<Optional<Tensor>> gradients = new ArrayList<>();

    /** Runs again; there once backward has come to this piece. */
    private Optional<Tape> inner = Optional.empty();

    private List<Variable> leaves = List.of();

    Checkpoint(Tape tape, List<Variable> inputs, BiFunction<Tape, List<Variable>, List<Variable>> body) {
        this.tape = tape;
        this.inputs = List.copyOf(inputs);
        this.body = body;
    }

    List<Variable> forward() {
        inputs.forEach(input -> input.value().retain());
        // Recorded before the results, so that backward comes by after it has been to all of them.
        tape.whenPassed(this::backward, this::release);
        List<Variable> results = new ArrayList<>();
        try (Tape inner = tape.inner(false)) {
            List<Variable> leaves =
                    inputs.stream().map(input -> tape.leafOf(inner, input)).toList();
            for (Variable result : body.apply(inner, leaves)) {
                tape.own(result.value().retain());
                results.add(collect(result));
            }
        }
        return results;
    }

    /** The result on the outer tape, its gradient waiting for those of the others. */
    private Variable collect(Variable result) {
        int index = gradients.size();
        gradients.add(Optional.empty());
        return tape.record(
                result.value(),
                result.tokenRows(),
                List.of(),
                gradient -> gradients.set(index, Optional.of(gradient.retain())),
                null);
    }

    private void backward() {
        if (gradients.stream().noneMatch(Optional::isPresent)) {
            release();
            return;
        }
        tape.goOnIn(this);
        inner = Optional.of(tape.inner(true));
        again(inner.get());
    }

    private void again(Tape recording) {
        leaves = inputs.stream().map(input -> tape.leafOf(recording, input)).toList();
        List<Variable> results = recording.scopeOfAll(() -> body.apply(recording, leaves));
        for (int i = 0; i < gradients.size(); i++) {
            Optional<Tensor> gradient = gradients.set(i, Optional.empty());
            if (gradient.isPresent()) {
                recording.addGradient(results.get(i), gradient.get());
            }
        }
    }

    /** Whether backward, having come to this piece, would wait now. */
    boolean waits() {
        return inner.map(Tape::waits).orElse(false);
    }

    /** As {@link Tape#backwardToWait}; at the end everything has been given back. */
    boolean backwardToWait() {
        if (inner.orElseThrow().backwardToWait()) {
            return true;
        }
        for (int i = 0; i < inputs.size(); i++) {
            Variable input = inputs.get(i);
            leaves.get(i).passedGradient().ifPresent(passed -> tape.addGradient(input, passed));
        }
        close();
        return false;
    }

    /** Backward has come to its end, or has failed in the midst of this piece. */
    void close() {
        // Of leaves, which no operation has made, a tape that fails gives nothing back.
        leaves.forEach(leaf -> leaf.passedGradient().ifPresent(Tensor::release));
        inner.ifPresent(Tape::close);
        inner = Optional.empty();
        release();
    }

    private void release() {
        inputs.forEach(input -> input.value().release());
        gradients.forEach(gradient -> gradient.ifPresent(Tensor::release));
        gradients.clear();
    }
}
