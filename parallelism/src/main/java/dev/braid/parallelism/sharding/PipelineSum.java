package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Handle;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.parameters.Unit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Sums a unit's gradient over the ranks of a pipeline that hold it, and then with that of the unit that is tied to it, wherever
 * that is. Both ranks of a pair send their own in f32 and add what they get: a sum of two has the same bits in either order. Used
 * by the rank's thread.
 */
final class PipelineSum {
    /** A unit's gradient on this rank; the sums replace it. */
    record Summand(Unit unit, Tensor gradient) {}

    /** What comes in for a summand. */
    private record Arrival(Tensor gradient, Tensor other) {}

    private final Compute compute;
    private final PipelineCopies copies;
    private final Summand unit;
    private final Optional<Summand> tied;
    private final List<Arrival> arrivals = new ArrayList<>();

    /** @param tied what is tied to the unit on this rank; it is used up */
    PipelineSum(Compute compute, PipelineCopies copies, Summand unit, Optional<Summand> tied) {
        this.compute = compute;
        this.copies = copies;
        this.unit = unit;
        this.tied = tied;
    }

    /** First: exchanges with the ranks that hold copies. */
    List<Handle> startCopies() {
        List<Handle> handles = new ArrayList<>(startCopy(unit));
        tied.ifPresent(summand -> handles.addAll(startCopy(summand)));
        return handles;
    }

    private List<Handle> startCopy(Summand summand) {
        return copies.copy(summand.unit)
                .map(peer -> exchange(summand.gradient, peer))
                .orElse(List.of());
    }

    /** Second: adds what came, and what is tied here; exchanges with the rank that holds what is tied elsewhere. */
    List<Handle> startTied() {
        addArrivals();
        if (tied.isPresent()) {
            Tensor gradient = tied.get().gradient;
            Elementwise.add(compute, unit.gradient, gradient, unit.gradient);
            gradient.release();
            return List.of();
        }
        return copies.tied(unit.unit).map(peer -> exchange(unit.gradient, peer)).orElse(List.of());
    }

    /** Last: adds what came. */
    void finish() {
        addArrivals();
    }

    private List<Handle> exchange(Tensor gradient, PipelineCopies.Peer peer) {
        Tensor other = compute.memory().allocate(Category.COMMUNICATION, gradient.dtype(), gradient.shape());
        arrivals.add(new Arrival(gradient, other));
        return List.of(
                copies.group().receive(other, peer.rank(), peer.tag()),
                copies.group().send(gradient, peer.rank(), peer.tag()));
    }

    private void addArrivals() {
        for (Arrival arrival : arrivals) {
            Elementwise.add(compute, arrival.gradient, arrival.other, arrival.gradient);
            arrival.other.release();
        }
        arrivals.clear();
    }
}
