package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.parameters.ExpertAxis;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.parameters.Unit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Records operations as they run forward, and runs them backward. Backward comes in two halves: the input half of an
 * operation passes gradients to its inputs; the weight half adds to the gradients of its parameters. With a {@link
 * WeightQueue} the weight halves wait there, as a zero-bubble schedule wants; without one each runs right after its input
 * half. Both give the same bits.
 *
 * <p>The tape owns every value made on it. Values made inside {@link #scope} that backward does not need go back to the
 * memory when the scope ends. Used by one thread.
 */
public final class Tape implements AutoCloseable {
    /** How a unit's values are needed by what is recorded between {@link #enter} and {@link #leave}. */
    public enum Use {
        /** In forward only: backward needs nothing but the gradients' place. */
        FORWARD,
        /** In forward and, much later, in backward: they may be taken away in between. */
        TWICE,
        /** In forward and, right afterwards, in backward: they stay. */
        KEPT
    }

    /** What backward comes by. */
    private sealed interface Node {}

    /** Something to do when backward comes by, or when it never will, and whether that waits for rows of other ranks. */
    private record Place(Runnable passed, Runnable abandoned, boolean waits) implements Node {}

    /** What made a variable; {@code weights} is null where there are none. */
    private record Operation(Variable output, List<Tensor> saved, Consumer<Tensor> inputs, Consumer<Tensor> weights)
            implements Node {
        void release() {
            saved.forEach(Tensor::release);
        }

        void runWeights(Tensor gradient) {
            try {
                weights.accept(gradient);
            } finally {
                giveBack(gradient);
            }
        }

        void giveBack(Tensor gradient) {
            gradient.release();
            release();
        }
    }

    private final Compute compute;
    private final DType dtype;
    private final boolean recording;
    private final WeightQueue queue;
    private final TensorAxis axis;
    private final ExpertAxis experts;
    private final boolean divides;
    private final List<Node> nodes = new ArrayList<>();
    private final Deque<List<Tensor>> scopes = new ArrayDeque<>();
    private Runnable meanwhile = () -> {};

    /** What backward is in the middle of: a piece that it runs again. */
    private Optional<Checkpoint> piece = Optional.empty();

    private Tape(
            Compute compute,
            DType dtype,
            boolean recording,
            WeightQueue queue,
            TensorAxis axis,
            ExpertAxis experts,
            boolean divides) {
        this.compute = compute;
        this.dtype = dtype;
        this.recording = recording;
        this.queue = queue;
        this.axis = axis;
        this.experts = experts;
        this.divides = divides && axis.ranks() > 1;
        scopes.push(new ArrayList<>());
    }

    /** A tape that records nothing: for validation and scoring. */
    public static Tape inference(Compute compute, DType dtype) {
        return inference(compute, dtype, TensorAxis.SINGLE);
    }

    /** The same for one rank of {@code axis}. */
    public static Tape inference(Compute compute, DType dtype, TensorAxis axis) {
        return inference(compute, dtype, axis, ExpertAxis.SINGLE);
    }

    /** The same for one rank of {@code axis} and of {@code experts}. */
    public static Tape inference(Compute compute, DType dtype, TensorAxis axis, ExpertAxis experts) {
        return new Tape(compute, dtype, false, null, axis, experts, true);
    }

    /** A tape that records nothing and whose tokens are too few to be divided: every rank of {@code axis} has all of them. */
    public static Tape decoding(Compute compute, DType dtype, TensorAxis axis) {
        return decoding(compute, dtype, axis, ExpertAxis.SINGLE);
    }

    /** The same for one rank of {@code axis} and of {@code experts}. */
    public static Tape decoding(Compute compute, DType dtype, TensorAxis axis, ExpertAxis experts) {
        return new Tape(compute, dtype, false, null, axis, experts, false);
    }

    /** A tape whose weight halves run right after their input halves. */
    public static Tape training(Compute compute, DType dtype) {
        return training(compute, dtype, null);
    }

    /** A tape whose weight halves are put into {@code queue}. */
    public static Tape training(Compute compute, DType dtype, WeightQueue queue) {
        return training(compute, dtype, queue, TensorAxis.SINGLE);
    }

    /** The same for one rank of {@code axis}; {@code queue} may be null. */
    public static Tape training(Compute compute, DType dtype, WeightQueue queue, TensorAxis axis) {
        return training(compute, dtype, queue, axis, ExpertAxis.SINGLE);
    }

    /** The same for one rank of {@code axis} and of {@code experts}. */
    public static Tape training(Compute compute, DType dtype, WeightQueue queue, TensorAxis axis, ExpertAxis experts) {
        return new Tape(compute, dtype, true, queue, axis, experts, true);
    }

    /** What the operations run on. */
    public Compute compute() {
        return compute;
    }

    /** Dtype of values between operations. */
    public DType dtype() {
        return dtype;
    }

    /** The ranks that divide the matrices among them. */
    public TensorAxis axis() {
        return axis;
    }

    /** The ranks that hold different experts. */
    public ExpertAxis experts() {
        return experts;
    }

    /** Whether backward can be run. */
    public boolean recording() {
        return recording;
    }

    /** Whether weight halves wait in a queue. */
    boolean deferred() {
        return queue != null;
    }

    /** A value that no operation on this tape made, all of its rows. The caller keeps its own reference. */
    public Variable leaf(Tensor value, boolean differentiable) {
        return leaf(value, TokenRows.whole(Math.toIntExact(value.shape().rows())), differentiable);
    }

    /**
     * A value of which this rank of the tensor axis has its share of {@code tokens} rows; as {@link #leaf} otherwise. On one
     * rank alone that is the whole.
     */
    public Variable dividedLeaf(Tensor value, int tokens, boolean differentiable) {
        return leaf(value, new TokenRows(tokens, divides), differentiable);
    }

    private Variable leaf(Tensor value, TokenRows rows, boolean differentiable) {
        if (rows.own(axis) != value.shape().rows()) {
            throw new IllegalArgumentException("rank " + axis.rank() + " of " + axis.ranks() + " has " + rows.own(axis)
                    + " of " + rows.tokens() + " tokens, the value is " + value);
        }
        scopes.peek().add(value.retain());
        return new Variable(value, rows, differentiable && recording);
    }

    /** Whether the tokens between divided products are divided over the ranks of the axis. */
    boolean divides() {
        return divides;
    }

    /** Allocates the output of an operation, owned by the current scope. */
    Tensor output(DType type, Shape shape) {
        Tensor tensor = compute.memory().allocate(Category.ACTIVATIONS, type, shape);
        scopes.peek().add(tensor);
        return tensor;
    }

    /** Allocates a tensor of activations that the caller must release or hand over. */
    Tensor temporary(DType type, Shape shape) {
        return compute.memory().allocate(Category.ACTIVATIONS, type, shape);
    }

    /**
     * Records an operation whose output has all rows: see {@link #record(Tensor, TokenRows, List, Consumer, Consumer)}.
     */
    Variable record(Tensor value, List<Tensor> saved, Consumer<Tensor> inputs, Consumer<Tensor> weights) {
        TokenRows rows = TokenRows.whole(Math.toIntExact(value.shape().rows()));
        return record(value, rows, saved, inputs, weights);
    }

    /**
     * Records an operation.
     *
     * @param value its output
     * @param rows which rows of the output these are
     * @param saved what its backward reads; kept until both halves have run
     * @param inputs the input half; is given the output's gradient, which it must not change unless it is exclusive
     * @param weights the weight half, or null when the operation has no parameters
     */
    Variable record(
            Tensor value, TokenRows rows, List<Tensor> saved, Consumer<Tensor> inputs, Consumer<Tensor> weights) {
        Variable output = new Variable(value, rows, recording);
        if (recording) {
            saved.forEach(Tensor::retain);
            nodes.add(new Operation(output, saved, inputs, weights));
        }
        return output;
    }

    /**
     * Has {@code passed} run when backward has come by all operations that are recorded after this call, or {@code abandoned} when
     * it never does.
     */
    void whenPassed(Runnable passed, Runnable abandoned) {
        if (recording) {
            nodes.add(new Place(passed, abandoned, false));
        }
    }

    /** The same where {@code passed} waits for rows of other ranks, as a place at which {@link #backwardToWait} stops. */
    void whenArrived(Runnable passed, Runnable abandoned) {
        if (recording) {
            nodes.add(new Place(passed, abandoned, true));
        }
    }

    /**
     * Has {@code other} run wherever forward is about to wait for rows of other ranks, until {@link #endForward}. So the two halves of
     * a pair take turns: each computes while the other's rows travel. How often it runs depends on the model alone, so that ranks with
     * the same model start their exchanges in the same order.
     */
    public void meanwhile(Runnable other) {
        meanwhile = other;
    }

    /** Forward is about to wait for rows of other ranks. */
    void giveWay() {
        meanwhile.run();
    }

    /** The operations that follow, until {@link #leave}, read the weights of {@code unit}. */
    public void enter(Unit unit, Use use) {
        unit.needValues();
        if (!recording) {
            return;
        }
        unit.beginUse();
        // Backward comes by here last: whatever the unit's operations add to its gradient has been added, or waits in
        // the queue.
        Runnable passed = () -> {
            if (use != Use.FORWARD) {
                unit.releaseValues();
            }
            if (queue == null) {
                unit.endUse();
            } else {
                queue.add(unit::endUse, unit::abandonUse);
            }
        };
        Runnable abandoned = () -> {
            if (use == Use.KEPT) {
                unit.releaseValues();
            }
            unit.abandonUse();
        };
        nodes.add(new Place(passed, abandoned, false));
    }

    /** Ends what {@link #enter} has begun; the same use. */
    public void leave(Unit unit, Use use) {
        if (recording && use == Use.TWICE) {
            nodes.add(new Place(unit::needValues, () -> {}, false));
        }
        if (!recording || use != Use.KEPT) {
            unit.releaseValues();
        }
    }

    /** A value that backward passes by: used at inference and for outputs without gradient. */
    Variable constant(Tensor value) {
        return new Variable(value, false);
    }

    /**
     * Runs {@code body}; afterwards only its result, and what backward needs, stays in memory.
     */
    public Variable scope(Supplier<Variable> body) {
        return scopeOfAll(() -> List.of(body.get())).getFirst();
    }

    /** As {@link #scope}, for several results. */
    public List<Variable> scopeOfAll(Supplier<List<Variable>> body) {
        scopes.push(new ArrayList<>());
        List<Variable> results = body.get();
        for (Tensor tensor : scopes.pop()) {
            if (results.stream().anyMatch(result -> result.value() == tensor)) {
                scopes.peek().add(tensor);
            } else {
                tensor.release();
            }
        }
        return results;
    }

    /**
     * Runs {@code body} without keeping what its backward needs; backward runs it again from {@code input}. Trades
     * arithmetic for memory, with the same bits.
     */
    public Variable checkpoint(Variable input, BiFunction<Tape, Variable, Variable> body) {
        return checkpoint(List.of(input), (inner, inputs) -> List.of(body.apply(inner, inputs.getFirst())))
                .getFirst();
    }

    /** The same for a body of several inputs and several results. */
    public List<Variable> checkpoint(List<Variable> inputs, BiFunction<Tape, List<Variable>, List<Variable>> body) {
        if (!recording) {
            return scopeOfAll(() -> body.apply(this, inputs));
        }
        return new Checkpoint(this, inputs, body).forward();
    }

    /** A tape for what {@link #checkpoint} runs: without recording, or again with it. */
    Tape inner(boolean records) {
        if (records) {
            return training(compute, dtype, queue, axis, experts);
        }
        Tape inner = inference(compute, dtype, axis, experts);
        inner.meanwhile(meanwhile);
        return inner;
    }

    /** A leaf of {@code inner} with the value of one of this tape's variables. */
    Variable leafOf(Tape inner, Variable variable) {
        return inner.leaf(variable.value(), variable.tokenRows(), variable.differentiable());
    }

    /** Hands {@code value}, with one reference, to the current scope. */
    void own(Tensor value) {
        scopes.peek().add(value);
    }

    /** Takes the reference to {@code value} back that {@link #own} has handed to the current scope. */
    void disown(Tensor value) {
        if (!scopes.peek().remove(value)) {
            throw new IllegalStateException("the current scope does not own " + value);
        }
    }

    /**
     * Forward is complete: what backward does not read goes back to the memory, unless somebody else holds it. Values of this
     * tape's variables must not be read after it.
     */
    public void endForward() {
        if (scopes.size() != 1) {
            throw new IllegalStateException("forward cannot end inside a scope");
        }
        scopes.peek().forEach(Tensor::release);
        scopes.peek().clear();
        meanwhile = () -> {};
    }

    /**
     * Adds {@code gradient}, with one reference that is taken over, to the gradient of {@code variable}, which has the same shape
     * and dtype. Where backward starts from several values, each is given its gradient so, and then {@link #backward()} runs.
     */
    public void addGradient(Variable variable, Tensor gradient) {
        if (!variable.differentiable()) {
            gradient.release();
            return;
        }
        Tensor existing = variable.takeGradient();
        if (existing == null) {
            variable.setGradient(gradient);
            return;
        }
        // Whichever of the two nobody else reads takes the sum.
        Tensor sum = existing.exclusive()
                ? existing
                : gradient.exclusive() ? gradient : temporary(existing.dtype(), existing.shape());
        Elementwise.add(compute, existing, gradient, sum);
        if (sum != existing) {
            existing.release();
        }
        if (sum != gradient) {
            gradient.release();
        }
        variable.setGradient(sum);
    }

    /**
     * Runs backward from {@code output}, whose gradient is {@code gradient} (one reference is taken over). Every recorded
     * operation runs once, the last one first.
     */
    public void backward(Variable output, Tensor gradient) {
        addGradient(output, gradient);
        backward();
    }

    /** Runs backward from operations that set gradients themselves, such as a loss. */
    public void backward() {
        boolean more = true;
        while (more) {
            more = backwardToWait();
        }
    }

    /**
     * Runs backward up to the next place at which it waits for rows of other ranks, where the next call goes on. What a checkpoint runs
     * forward again waits on its own.
     *
     * @return whether there is more
     */
    public boolean backwardToWait() {
        if (!recording) {
            throw new IllegalStateException("a tape for inference has no backward");
        }
        do {
            if (piece.isPresent()) {
                if (!piece.get().backwardToWait()) {
                    piece = Optional.empty();
                }
            } else if (nodes.isEmpty()) {
                return false;
            } else {
                switch (nodes.removeLast()) {
                    case Place place -> place.passed.run();
                    case Operation operation -> run(operation);
                }
            }
        } while (!waits());
        return true;
    }

    /** Whether backward would wait now. */
    boolean waits() {
        return piece.map(Checkpoint::waits)
                .orElseGet(() -> !nodes.isEmpty() && nodes.getLast() instanceof Place place && place.waits);
    }

    /** Backward goes on in {@code again}. */
    void goOnIn(Checkpoint again) {
        piece = Optional.of(again);
    }

    private void run(Operation operation) {
        Tensor gradient = operation.output.takeGradient();
        if (gradient == null) {
            operation.release();
            return;
        }
        if (operation.weights == null || queue == null) {
            try {
                operation.inputs.accept(gradient);
                if (operation.weights != null) {
                    operation.weights.accept(gradient);
                }
            } finally {
                operation.giveBack(gradient);
            }
            return;
        }
        // The weight half still reads the gradient: the input half sees it shared and cannot write in place. It waits
        // in the
        // queue from here on, so that it is dropped with the queue when the input half fails.
        gradient.retain();
        try {
            queue.add(() -> operation.runWeights(gradient), () -> operation.giveBack(gradient));
            operation.inputs.accept(gradient);
        } finally {
            gradient.release();
        }
    }

    /**
     * Gives back everything the tape still holds. Weight halves in a queue keep what they need. Without backward, or after one
     * that failed, uses of units end as if they had never begun.
     */
    @Override
    public void close() {
        piece.ifPresent(Checkpoint::close);
        piece = Optional.empty();
        for (Node node : nodes) {
            switch (node) {
                case Place place -> place.abandoned.run();
                case Operation operation -> {
                    Tensor gradient = operation.output.takeGradient();
                    if (gradient != null) {
                        gradient.release();
                    }
                    operation.release();
                }
            }
        }
        nodes.clear();
        while (!scopes.isEmpty()) {
            scopes.pop().forEach(Tensor::release);
        }
    }
}
