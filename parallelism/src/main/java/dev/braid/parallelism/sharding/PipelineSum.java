package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Handle;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.parameters.Unit;
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

    private final Compute compute;
    private final PipelineCopies copies;
    private final Summand unit;
    private final Optional<Summand> tied;
    private final CopyExchange exchange;
    private Optional<Tensor> arrival = Optional.empty();

    /** @param tied what is tied to the unit on this rank; it is used up */
    PipelineSum(Compute compute, PipelineCopies copies, CopyExchange exchange, Summand unit, Optional<Summand> tied) {
        this.compute = compute;
        this.copies = copies;
        this.exchange = exchange;
        this.unit = unit;
        this.tied = tied;
    }

    /** First: exchanges with the ranks that hold copies. */
    void startCopies() {
        tied.ifPresent(summand -> exchange.add(summand.unit, summand.gradient));
        exchange.add(unit.unit, unit.gradient);
    }

    /** Whether copies are summed. */
    boolean copiesDone() {
        exchange.advance();
        return exchange.done(unit.unit) && tied.stream().allMatch(summand -> exchange.done(summand.unit));
    }

    /** Waits until copies are summed. */
    void awaitCopies() {
        tied.ifPresent(summand -> exchange.await(summand.unit));
        exchange.await(unit.unit);
    }

    /**
     * Second: adds what is tied here, or exchanges with the rank that holds what is tied elsewhere. Returns what is to be waited
     * for.
     */
    List<Handle> startTied() {
        if (tied.isPresent()) {
            Tensor gradient = tied.get().gradient;
            Elementwise.add(compute, unit.gradient, gradient, unit.gradient);
            gradient.release();
            return List.of();
        }
        return copies.tied(unit.unit).map(this::exchangeTied).orElse(List.of());
    }

    private List<Handle> exchangeTied(PipelineCopies.Peer peer) {
        Tensor other = compute.memory().allocate(Category.COMMUNICATION, unit.gradient.dtype(), unit.gradient.shape());
        arrival = Optional.of(other);
        return List.of(
                copies.group().receive(other, peer.rank(), peer.tag()),
                copies.group().send(unit.gradient, peer.rank(), peer.tag()));
    }

    /** Last: adds what came from there. */
    void finish() {
        arrival.ifPresent(other -> {
            Elementwise.add(compute, unit.gradient, other, unit.gradient);
            other.release();
        });
    }
}
