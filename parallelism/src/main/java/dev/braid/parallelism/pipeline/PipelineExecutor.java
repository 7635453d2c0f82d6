package dev.braid.parallelism.pipeline;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.pipeline.Action.Kind;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Carries a schedule out for one rank of a pipeline. Actions run in the schedule's order, one at a time; of a pair the forward runs
 * first. What an action needs from other ranks is let come before its turn, what it passes on leaves while the next one computes.
 *
 * <p>Where rows travel between ranks of experts, the two of a pair take turns instead: when the forward would wait for rows, backward
 * runs up to where it would wait, and so on, so that each hides the other's travel as in DualPipe (DeepSeek-V3, arXiv 2412.19437,
 * 3.2.1). Turns change at the same places on every rank, whatever the rows. No bit of the result depends on it, except where a
 * schedule pairs the last stage with itself and modules of multi-token prediction share a table with the head: its gradients then
 * add up in another order.
 *
 * <p>In a stage for which the schedule has an I or a W, the weight gradients of every micro-batch wait in a queue of its own; a B
 * there is an I and at once a W.
 *
 * <p>A step is {@link #run()}, or {@link #warmUp()} and then {@link #finish()} or {@link #discard()}. All ranks make the same calls
 * in the same order. When a call fails, everything that this rank held is given back and nothing can be called after; the caller
 * must fail the attempt, since other ranks wait for this one. Used by the rank's thread.
 */
public final class PipelineExecutor {
    /** Ticks of a forward pass by which a rank may be ahead of the rank that takes what it has made. */
    private static final int AHEAD = 2;

    private final Schedule schedule;
    private final StageModel model;
    private final Memory memory;
    private final int rank;
    private final RankActions order;
    private final WarmUp beginnings;
    private final WeightGradients weights;

    /** Forwards that take turns with the action behind them. */
    private final Set<Action> paired;

    private final Mail mail;
    private final Map<Place, StagePass> held = new HashMap<>();
    private final List<MeasuredAction> measured = new ArrayList<>();
    private Recorder recorder = Recorder.NONE;
    private Passage passage;
    private State state = State.IDLE;

    private enum State {
        IDLE,
        WARM,
        FAILED
    }

    private record Place(int stage, int microbatch) {
        static Place of(Action action) {
            return new Place(action.stage(), action.microbatch());
        }
    }

    /**
     * For one rank.
     *
     * @param pipeline ranks of the pipeline, in its order; nobody else sends or receives on it
     * @param memory of the rank
     * @param exposed where waiting is counted, on account of {@code pipeline}
     * @throws IllegalArgumentException when the schedule is for another number of ranks
     */
    public PipelineExecutor(
            Schedule schedule, StageModel model, Communicator pipeline, Memory memory, ExposedTime exposed) {
        if (schedule.map().ranks() != pipeline.size()) {
            throw new IllegalArgumentException("schedule " + schedule.name() + " is for "
                    + schedule.map().ranks() + " ranks, the pipeline has " + pipeline.size());
        }
        this.schedule = schedule;
        this.model = model;
        this.memory = memory;
        this.rank = pipeline.rank();
        this.order = RankActions.of(schedule, rank);
        this.beginnings = WarmUp.of(schedule);
        this.weights = WeightGradients.of(schedule, rank);
        this.paired = model.exchangesRows() ? paired(schedule.ranks().get(rank)) : Set.of();
        this.mail = new Mail(pipeline, model, memory, exposed, schedule.map().stages(), schedule.microbatches());
    }

    private static Set<Action> paired(List<Slot> slots) {
        return slots.stream()
                .filter(Slot::paired)
                .map(slot -> slot.actions().getFirst())
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Tells {@code listener} of every action from now on, as a phase of its name, of a pair that takes turns as one of its slot's;
     * {@link Recorder#NONE} ends that.
     */
    public void record(Recorder listener) {
        recorder = listener;
    }

    /** When the actions of the last step ran, in order; of a step that has only warmed up, those so far. */
    public List<MeasuredAction> measured() {
        return List.copyOf(measured);
    }

    /** Runs one step's actions: afterwards all of this rank's stages have their gradients. */
    public void run() {
        warmUp();
        finish();
    }

    /**
     * Runs the forwards with which this rank begins, as far as no rank needs a gradient for them. They read weights and add to no
     * gradient.
     */
    public void warmUp() {
        require(State.IDLE);
        guarded(() -> {
            measured.clear();
            passage = new Passage(order, mail);
            int limit = beginnings.certain(rank);
            while (passage.position() < beginnings.length(rank)) {
                passage.expect(limit);
                step(passage.next());
            }
            state = State.WARM;
        });
    }

    /** Runs the rest of a step after {@link #warmUp()}, and waits until everything that this rank sends has left. */
    public void finish() {
        require(State.WARM);
        guarded(() -> {
            while (passage.position() < order.actions().size()) {
                passage.expect();
                Action action = passage.next();
                if (paired.contains(action)) {
                    pair(action, passage.next());
                } else {
                    step(action);
                }
            }
            mail.awaitSent(edge -> true);
            state = State.IDLE;
        });
    }

    /**
     * Throws away what {@link #warmUp()} has done, as if it had not been called. What other ranks have sent in theirs for later is
     * taken out of the way.
     */
    public void discard() {
        require(State.WARM);
        guarded(() -> {
            List<Edge> left = beginnings.left(rank);
            left.forEach(edge -> mail.expect(edge, order.source(edge)));
            left.forEach(edge -> mail.take(edge).forEach(Tensor::release));
            mail.awaitSent(edge -> true);
            giveBack();
            measured.clear();
            state = State.IDLE;
        });
    }

    /**
     * Gives everything back that this rank holds, because something else of the step has failed. Nothing can be called after, except
     * this again, which has no effect.
     */
    public void abandon() {
        state = State.FAILED;
        giveBack();
    }

    /**
     * Runs micro-batches forward through all stages, without backward: any number of them, in the schedule's directions.
     *
     * @param microbatches from 0; the model knows them
     */
    public void evaluate(int microbatches) {
        require(State.IDLE);
        guarded(() -> {
            ForwardOrder forwards = ForwardOrder.of(schedule.map(), microbatches);
            Passage through = new Passage(forwards.ranks().get(rank), mail);
            for (Action action : forwards.ranks().get(rank).actions()) {
                through.expect();
                // Who runs ahead of the others would fill its memory with what they have not taken.
                int tick = forwards.ticks().get(action);
                mail.awaitSent(edge -> forwards.taken(edge) < tick - AHEAD);
                try (StagePass pass = StagePass.evaluation(model, memory, through.next())) {
                    List<Tensor> received = through.take(action);
                    long start = System.nanoTime();
                    through.pass(action, pass.forward(received));
                    recorder.span(Span.Kind.PHASE, action.toString(), start, System.nanoTime());
                }
                mail.sweep();
            }
            mail.awaitSent(edge -> true);
        });
    }

    private void step(Action action) {
        StagePass pass = pass(action);
        List<Tensor> received = passage.take(action);
        long start = System.nanoTime();
        switch (action.kind()) {
            case F -> passage.pass(action, pass.forward(received));
            case I -> passage.pass(action, pass.backward(received));
            case W -> pass.weights();
            case B -> {
                passage.pass(action, pass.backward(received));
                pass.weights();
            }
        }
        MeasuredAction done = new MeasuredAction(action, start, System.nanoTime());
        recorder.span(Span.Kind.PHASE, action.toString(), done.startNanos(), done.endNanos());
        completed(done);
    }

    /** Runs both, taking turns. */
    private void pair(Action forward, Action backward) {
        StagePass ahead = pass(forward);
        StagePass back = pass(backward);
        boolean weights = backward.kind() == Kind.B;
        back.begin(passage.take(backward));
        passage.expect();
        List<Tensor> received = passage.take(forward);
        Stopwatch ofBackward = new Stopwatch();
        long start = System.nanoTime();
        passage.pass(forward, ahead.forward(received, () -> ofBackward.run(() -> back.advance(weights))));
        ofBackward.run(() -> {
            passage.pass(backward, back.finish());
            if (weights) {
                back.weights();
            }
        });
        long end = System.nanoTime();
        recorder.span(Span.Kind.PHASE, Slot.pair(forward, backward).toString(), start, end);
        completed(new MeasuredAction(forward, start, end, end - start - ofBackward.nanos));
        completed(new MeasuredAction(backward, start, end, ofBackward.nanos));
    }

    /** The time that one of a pair takes. */
    private static final class Stopwatch {
        private long nanos;

        void run(Runnable body) {
            long start = System.nanoTime();
            body.run();
            nanos += System.nanoTime() - start;
        }
    }

    private void completed(MeasuredAction done) {
        Action action = done.action();
        if (action.kind().addsToWeights()) {
            held.remove(Place.of(action));
        }
        measured.add(done);
        mail.sweep();
        weights.completes(action).ifPresent(direction -> model.gradientsComplete(action.stage(), direction));
    }

    private StagePass pass(Action action) {
        if (action.kind() == Kind.F) {
            StagePass pass = StagePass.training(model, memory, action, weights.queued(action));
            held.put(Place.of(action), pass);
            return pass;
        }
        StagePass pass = held.get(Place.of(action));
        if (pass == null) {
            throw new IllegalStateException("rank " + rank + " of schedule " + schedule.name() + " comes to " + action
                    + " without having run stage " + action.stage() + " forward for micro-batch "
                    + action.microbatch());
        }
        return pass;
    }

    private void require(State expected) {
        if (state != expected) {
            throw new IllegalStateException(
                    switch (state) {
                        case IDLE -> "no step has been warmed up";
                        case WARM -> "a step has been warmed up: finish or discard it first";
                        case FAILED -> "the pipeline has failed before";
                    });
        }
    }

    private void guarded(Runnable body) {
        try {
            body.run();
        } catch (RuntimeException | Error problem) {
            state = State.FAILED;
            giveBack();
            throw problem;
        }
    }

    private void giveBack() {
        held.values().forEach(StagePass::close);
        held.clear();
        mail.drop();
    }
}
