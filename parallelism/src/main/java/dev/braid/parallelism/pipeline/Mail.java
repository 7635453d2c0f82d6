package dev.braid.parallelism.pipeline;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.pipeline.StageModel.Passed;
import dev.braid.tensor.Category;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * What one rank of a pipeline sends, receives and passes on to stages of its own. Sends go by themselves; tensors in flight are
 * counted as communication. Used by the rank's thread.
 */
final class Mail {
    private static final String AXIS = "pipeline";

    /** Tensors that are there, or on their way here. */
    private record Incoming(List<Tensor> tensors, List<Handle> handles) {}

    private final Communicator pipeline;
    private final StageModel model;
    private final Memory memory;
    private final ExposedTime exposed;
    private final int stages;
    private final int microbatches;
    private final Map<Edge, Incoming> incoming = new HashMap<>();
    private final Map<Edge, List<Handle>> outgoing = new LinkedHashMap<>();

    /** @param microbatches of a training step */
    Mail(Communicator pipeline, StageModel model, Memory memory, ExposedTime exposed, int stages, int microbatches) {
        this.pipeline = pipeline;
        this.model = model;
        this.memory = memory;
        this.exposed = exposed;
        this.stages = stages;
        this.microbatches = microbatches;
    }

    /** The tensors of {@code edge}, in order. */
    private List<Passed> tensors(Edge edge) {
        List<Passed> all = model.outputs(edge.stage(), edge.microbatch());
        if (all.size() > Edge.MOST_TENSORS) {
            throw new IllegalStateException("stage " + edge.stage() + " passes on " + all.size() + " tensors; at most "
                    + Edge.MOST_TENSORS + " can be told apart");
        }
        return edge.forward()
                ? all
                : all.stream().filter(Passed::differentiable).toList();
    }

    /** Bytes of what {@code edge} carries. */
    long bytes(Edge edge) {
        return tensors(edge).stream()
                .mapToLong(passed -> passed.shape().count() * passed.dtype().bytes())
                .sum();
    }

    /** Makes room for {@code edge} and lets it come. Without effect when it has been let already. */
    void expect(Edge edge, int source) {
        if (incoming.containsKey(edge)) {
            return;
        }
        Incoming expected = new Incoming(new ArrayList<>(), new ArrayList<>());
        incoming.put(edge, expected);
        for (Passed passed : tensors(edge)) {
            Tensor room = memory.allocate(Category.COMMUNICATION, passed.dtype(), passed.shape());
            expected.tensors.add(room);
            int tag = edge.tag(stages, microbatches, expected.handles.size());
            expected.handles.add(pipeline.receive(room, source, tag));
        }
    }

    /** Waits for what was expected, or passed on here. The caller releases the tensors. */
    List<Tensor> take(Edge edge) {
        Incoming taken = incoming.get(edge);
        if (taken == null) {
            throw new IllegalStateException("nobody here has made the " + edge + ": check the schedule's order");
        }
        await("waits for", edge, taken.handles);
        incoming.remove(edge);
        return taken.tensors;
    }

    /** Passes tensors on to a stage of the same rank. References are taken over. */
    void keep(Edge edge, List<Tensor> tensors) {
        incoming.put(edge, new Incoming(tensors, List.of()));
    }

    /** Sends tensors off. References are taken over; the communicator has its own until they have left. */
    void send(Edge edge, int target, List<Tensor> tensors) {
        List<Handle> handles = new ArrayList<>();
        outgoing.put(edge, handles);
        try {
            for (Tensor tensor : tensors) {
                if (tensor.exclusive()) {
                    tensor.countAs(Category.COMMUNICATION);
                }
                int tag = edge.tag(stages, microbatches, handles.size());
                handles.add(pipeline.send(tensor, target, tag));
            }
        } finally {
            tensors.forEach(Tensor::release);
        }
    }

    /** Forgets what has been sent, without waiting. */
    void sweep() {
        awaitSent(edge -> outgoing.get(edge).stream().allMatch(Handle::done));
    }

    /** Waits until everything has been sent for which {@code due} holds. */
    void awaitSent(Predicate<Edge> due) {
        for (Edge edge : List.copyOf(outgoing.keySet())) {
            if (due.test(edge)) {
                await("has sent", edge, outgoing.get(edge));
                outgoing.remove(edge);
            }
        }
    }

    private void await(String what, Edge edge, List<Handle> handles) {
        try {
            handles.forEach(this::await);
        } catch (CommunicationException failure) {
            String message = "rank " + pipeline.rank() + " of the pipeline " + what + " the " + edge + ": "
                    + failure.getMessage();
            CommunicationException named =
                    new CommunicationException(failure.kind(), new TreeSet<>(failure.missing()), message);
            named.initCause(failure);
            throw named;
        }
    }

    /** What has come is no wait. */
    private void await(Handle handle) {
        if (handle.done()) {
            handle.await();
        } else {
            exposed.await(AXIS, handle);
        }
    }

    /** Gives back what was not taken. The communicator keeps what is in flight until that has ended. */
    void drop() {
        incoming.values().forEach(dropped -> dropped.tensors.forEach(Tensor::release));
        incoming.clear();
        outgoing.clear();
    }
}
