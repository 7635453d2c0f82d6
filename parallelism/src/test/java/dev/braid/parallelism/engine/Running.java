package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Handle;
import dev.braid.tensor.Category;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An operation of one rank in flight, with its tensors. */
final class Running {
    final Plan plan;
    final int round;

    private final Values values;
    private final int rank;
    private final List<Tensor> owned = new ArrayList<>();
    private final Tensor input;
    private final Optional<Tensor> output;
    private final Handle handle;

    /** Starts {@code plan} on one rank of its group. */
    Running(Plan plan, int round, Communicator communicator, Memory memory, Values values) {
        this.plan = plan;
        this.round = round;
        this.values = values;
        this.rank = communicator.rank();
        long inputs = plan.inputCount(rank);
        long outputs = plan.outputCount(rank);
        if (plan.inPlace() && plan.kind() == OperationKind.ALL_GATHER) {
            Tensor whole = tensor(memory, outputs);
            input = whole.rows(Plan.before(plan.counts(), rank), inputs);
            output = Optional.of(whole);
        } else if (plan.inPlace() && plan.kind() == OperationKind.REDUCE_SCATTER) {
            input = tensor(memory, inputs);
            output = Optional.of(input.rows(Plan.before(plan.counts(), rank), outputs));
        } else {
            input = tensor(memory, inputs);
            output = outputs < 0 ? Optional.empty() : Optional.of(tensor(memory, outputs));
        }
        if (contributes()) {
            values.write(plan.dtype(), plan.starts()[rank], inputs, input.address());
        }
        this.handle = start(communicator);
    }

    private boolean contributes() {
        return switch (plan.kind()) {
            case BROADCAST, POINT_TO_POINT -> rank == plan.root();
            case ALL_REDUCE, REDUCE_SCATTER, ALL_GATHER, ALL_TO_ALL, GATHER, BARRIER -> true;
        };
    }

    private Tensor tensor(Memory memory, long count) {
        Tensor tensor = memory.allocate(Category.ACTIVATIONS, plan.dtype(), Shape.of(count, 1));
        owned.add(tensor);
        Values.poison(tensor.address(), tensor.bytes());
        return tensor;
    }

    private Handle start(Communicator group) {
        return switch (plan.kind()) {
            case ALL_REDUCE -> group.allReduce(input, plan.op());
            case REDUCE_SCATTER ->
                plan.even()
                        ? group.reduceScatter(input, output.orElseThrow(), plan.op())
                        : group.reduceScatter(input, plan.counts(), output.orElseThrow(), plan.op());
            case ALL_GATHER ->
                plan.even()
                        ? group.allGather(input, output.orElseThrow())
                        : group.allGather(input, plan.counts(), output.orElseThrow());
            case ALL_TO_ALL ->
                plan.even()
                        ? group.allToAll(input, output.orElseThrow())
                        : group.allToAll(input, plan.sent(rank), output.orElseThrow(), plan.received(rank));
            case BROADCAST -> group.broadcast(input, plan.root());
            case GATHER -> group.gather(input, output.orElse(null), plan.root());
            case POINT_TO_POINT ->
                rank == plan.root()
                        ? group.send(input, plan.to(), plan.tag())
                        : group.receive(input, plan.root(), plan.tag());
            case BARRIER -> group.barrier();
        };
    }

    boolean done() {
        return handle.done();
    }

    /** Of an operation that is done: why it failed. */
    Optional<CommunicationException> failure() {
        try {
            handle.await();
            return Optional.empty();
        } catch (CommunicationException failure) {
            return Optional.of(failure);
        }
    }

    /** Of an operation that ended well: what is wrong with its result; empty when nothing is. */
    Optional<String> mistake() {
        boolean hasResult = plan.kind() != OperationKind.GATHER || rank == plan.root();
        Tensor result = output.orElse(input);
        if (hasResult && !Values.equal(plan.expected(rank, values), result.address())) {
            return Optional.of("a wrong result");
        }
        boolean kept = output.isPresent() && !(plan.inPlace() && mayOverlap());
        if (kept && !Values.equal(values.range(plan.dtype(), plan.starts()[rank], input.count()), input.address())) {
            return Optional.of("a changed input");
        }
        return Optional.empty();
    }

    private boolean mayOverlap() {
        return plan.kind() == OperationKind.ALL_GATHER || plan.kind() == OperationKind.REDUCE_SCATTER;
    }

    /** Overwrites and gives back its tensors, which are the caller's own again. */
    void release() {
        for (Tensor tensor : owned) {
            Values.poison(tensor.address(), tensor.bytes());
        }
        owned.forEach(Tensor::release);
        owned.clear();
    }

    @Override
    public String toString() {
        return plan.toString();
    }
}
