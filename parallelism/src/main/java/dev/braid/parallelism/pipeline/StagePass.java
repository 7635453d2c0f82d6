package dev.braid.parallelism.pipeline;

import dev.braid.parallelism.pipeline.StageModel.Passed;
import dev.braid.tensor.Category;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.WeightQueue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One micro-batch in one stage: what is held of it from its forward to the last half of its backward. Used by the rank's thread.
 */
final class StagePass implements AutoCloseable {
    private final StageModel model;
    private final Memory memory;
    private final Action action;
    private final Optional<WeightQueue> queue;
    private final Tape tape;
    private final Map<String, Variable> inputs = new LinkedHashMap<>();
    private final Map<String, Variable> outputs = new LinkedHashMap<>();

    private StagePass(StageModel model, Memory memory, Action action, Optional<WeightQueue> queue, Tape tape) {
        this.model = model;
        this.memory = memory;
        this.action = action;
        this.queue = queue;
        this.tape = tape;
    }

    /**
     * To be run backward too.
     *
     * @param queued whether weight gradients wait until {@link #weights}
     */
    static StagePass training(StageModel model, Memory memory, Action forward, boolean queued) {
        Optional<WeightQueue> queue = queued ? Optional.of(new WeightQueue()) : Optional.empty();
        return new StagePass(model, memory, forward, queue, model.trainingTape(queue.orElse(null)));
    }

    /** To be run forward only. */
    static StagePass evaluation(StageModel model, Memory memory, Action forward) {
        return new StagePass(model, memory, forward, Optional.empty(), model.evaluationTape());
    }

    /**
     * Runs forward.
     *
     * @param received what the stage before has passed on, in order; references are taken over
     * @return what this one passes on, in order; the caller releases it
     */
    List<Tensor> forward(List<Tensor> received) {
        return forward(received, () -> {});
    }

    /** The same, with {@code meanwhile} wherever it is about to wait for rows of other ranks. */
    List<Tensor> forward(List<Tensor> received, Runnable meanwhile) {
        tape.meanwhile(meanwhile);
        try {
            List<Passed> expected =
                    action.stage() == 0 ? List.of() : model.outputs(action.stage() - 1, action.microbatch());
            for (int i = 0; i < received.size(); i++) {
                Passed passed = expected.get(i);
                inputs.put(passed.name(), leaf(passed, received.get(i)));
            }
        } finally {
            received.forEach(Tensor::release);
        }
        outputs.putAll(model.forward(tape, action.stage(), action.microbatch(), inputs));
        List<Passed> declared = model.outputs(action.stage(), action.microbatch());
        requireDeclared(declared);
        List<Tensor> passed = declared.stream()
                .map(each -> outputs.get(each.name()).value().retain())
                .toList();
        tape.endForward();
        return passed;
    }

    private Variable leaf(Passed passed, Tensor value) {
        value.countAs(Category.ACTIVATIONS);
        return passed.divided()
                ? tape.dividedLeaf(value, passed.tokens(), passed.differentiable())
                : tape.leaf(value, passed.differentiable());
    }

    private void requireDeclared(List<Passed> declared) {
        boolean same = declared.size() == outputs.size();
        for (Passed passed : declared) {
            Variable output = outputs.get(passed.name());
            same &= output != null
                    && output.value().dtype() == passed.dtype()
                    && output.value().shape().equals(passed.shape());
        }
        if (!same) {
            Map<String, Tensor> made = new LinkedHashMap<>();
            outputs.forEach((name, variable) -> made.put(name, variable.value()));
            throw new IllegalStateException("stage " + action.stage() + " passes on " + made + " for micro-batch "
                    + action.microbatch() + ", but has said that it would pass on " + declared);
        }
    }

    /**
     * Runs backward: both halves, or, where weight gradients wait, the input half. Afterwards only what the weight half reads is
     * held.
     *
     * @param gradients of the outputs that are differentiable, in order; references are taken over
     * @return gradients of the inputs that are differentiable, in order; the caller releases them
     */
    List<Tensor> backward(List<Tensor> gradients) {
        begin(gradients);
        return finish();
    }

    /** Begins what {@link #finish} ends; in between {@link #advance} may be called, any number of times. */
    void begin(List<Tensor> gradients) {
        int next = 0;
        for (Passed passed : model.outputs(action.stage(), action.microbatch())) {
            if (passed.differentiable()) {
                Tensor gradient = gradients.get(next++);
                gradient.countAs(Category.ACTIVATIONS);
                tape.addGradient(outputs.get(passed.name()), gradient);
            }
        }
    }

    /**
     * Runs backward up to where it would next wait for rows of other ranks; without effect when it has come to its end.
     *
     * @param weights whether the weight halves of what has run are to run too
     */
    void advance(boolean weights) {
        tape.backwardToWait();
        if (weights) {
            weights();
        }
    }

    /** Runs the rest of backward; what it returns see {@link #backward}. */
    List<Tensor> finish() {
        tape.backward();
        List<Tensor> passed = inputGradients();
        tape.close();
        inputs.clear();
        outputs.clear();
        return passed;
    }

    private List<Tensor> inputGradients() {
        List<Tensor> gradients = new ArrayList<>();
        if (action.stage() > 0) {
            for (Passed passed : model.outputs(action.stage() - 1, action.microbatch())) {
                if (passed.differentiable()) {
                    // An input that nothing was made of has a gradient all the same: the stage before waits for it.
                    gradients.add(inputs.get(passed.name())
                            .passedGradient()
                            .orElseGet(() -> memory.zeros(Category.ACTIVATIONS, passed.dtype(), passed.shape())));
                }
            }
        }
        return gradients;
    }

    /**
     * Runs the weight halves that wait; after those of a whole backward nothing is held. Without effect where they run with the other
     * ones.
     */
    void weights() {
        queue.ifPresent(WeightQueue::run);
    }

    /** Gives back what is held. What backward has not come to is forgotten. */
    @Override
    public void close() {
        inputs.values().forEach(input -> input.passedGradient().ifPresent(Tensor::release));
        tape.close();
        queue.ifPresent(WeightQueue::drop);
    }
}
