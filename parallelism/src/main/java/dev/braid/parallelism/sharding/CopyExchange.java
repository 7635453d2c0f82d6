package dev.braid.parallelism.sharding;

import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Handle;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.parameters.Unit;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Sums the gradients of units with the other rank of a pipeline that holds them. Goes through the units in one order, the same on
 * all ranks: the last of the model first, as backward comes by. So the memory of two units is enough for what comes in, and no two
 * ranks wait for each other, whatever the orders in which gradients are complete on them. Used by the rank's thread.
 */
final class CopyExchange {
    private static final int MOST_IN_FLIGHT = 2;

    private static final String AXIS = "pipeline";

    private final Compute compute;
    private final PipelineCopies copies;
    private final ExposedTime exposed;
    private final List<Unit> order;
    private final Deque<Unit> toCome = new ArrayDeque<>();
    private final Map<Unit, Tensor> complete = new HashMap<>();
    private final Deque<Flight> flights = new ArrayDeque<>();

    private record Flight(Unit unit, Tensor gradient, Tensor other, List<Handle> handles) {
        boolean done() {
            return handles.stream().allMatch(Handle::done);
        }
    }

    /** @param units those of this rank */
    CopyExchange(Compute compute, PipelineCopies copies, Collection<Unit> units, ExposedTime exposed) {
        this.compute = compute;
        this.copies = copies;
        this.exposed = exposed;
        this.order = copies.exchangeOrder(units);
    }

    /** A step begins. */
    void begin() {
        toCome.clear();
        toCome.addAll(order);
        complete.clear();
    }

    /** The gradient of {@code unit} is complete on this rank; the sum replaces it. */
    void add(Unit unit, Tensor gradient) {
        if (toCome.contains(unit)) {
            complete.put(unit, gradient);
            advance();
        }
    }

    /** Does what can be done without waiting. */
    void advance() {
        while (!flights.isEmpty() && flights.getFirst().done()) {
            land();
        }
        while (flights.size() < MOST_IN_FLIGHT && !toCome.isEmpty() && complete.containsKey(toCome.getFirst())) {
            start(toCome.removeFirst());
        }
    }

    private void start(Unit unit) {
        Tensor gradient = complete.remove(unit);
        Tensor other = compute.memory().allocate(Category.COMMUNICATION, gradient.dtype(), gradient.shape());
        PipelineCopies.Peer peer = copies.copy(unit).orElseThrow();
        List<Handle> handles = List.of(
                copies.group().receive(other, peer.rank(), peer.tag()),
                copies.group().send(gradient, peer.rank(), peer.tag()));
        flights.add(new Flight(unit, gradient, other, handles));
    }

    private void land() {
        Flight flight = flights.removeFirst();
        flight.handles.forEach(handle -> exposed.await(AXIS, handle));
        Elementwise.add(compute, flight.gradient, flight.other, flight.gradient);
        flight.other.release();
    }

    /** Whether the sum of {@code unit} is there, or there is nothing to be summed. */
    boolean done(Unit unit) {
        return !toCome.contains(unit) && flights.stream().noneMatch(flight -> flight.unit == unit);
    }

    /**
     * Waits until the sum of {@code unit} is there.
     *
     * @throws IllegalStateException when the gradient of a unit that comes before it is not complete: the other rank would wait
     *     for ever
     */
    void await(Unit unit) {
        advance();
        while (!done(unit)) {
            if (flights.isEmpty()) {
                throw new IllegalStateException(
                        "the gradient of " + toCome.getFirst().name() + " is not complete on this rank, and that of "
                                + unit.name() + " is exchanged after it");
            }
            land();
            advance();
        }
    }
}
