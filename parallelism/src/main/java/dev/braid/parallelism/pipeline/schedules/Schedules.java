package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageCosts;
import dev.braid.parallelism.pipeline.StageMap;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Makes schedules by name.
 *
 * <p>In each of them, the W and B of a stage come in the order of micro-batches, in each direction: the bits of a sum of gradients
 * are those of the order in which they are added.
 */
public final class Schedules {
    private Schedules() {}

    /** One with all defaults. */
    public static Schedule of(ScheduleName name, int ranks, int microbatches) {
        return of(name, ScheduleRequest.of(ranks, microbatches));
    }

    /**
     * The schedule of that name.
     *
     * @throws IllegalArgumentException with all {@link #faults}
     */
    public static Schedule of(ScheduleName name, ScheduleRequest request) {
        List<String> faults = faults(name, request);
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", faults));
        }
        return new Schedule(
                name.label(), map(name, request), request.microbatches(), orders(name, request), name.settles());
    }

    /** Which rank would run which stage, for a request without faults. */
    public static StageMap map(ScheduleName name, ScheduleRequest request) {
        return name.map(request.ranks(), request.chunks().orElse(name.defaultChunks()));
    }

    /** Why there is no such schedule, each with what there is instead; empty when there is one. */
    public static List<String> faults(ScheduleName name, ScheduleRequest request) {
        return new RequestFaults(name, request).all();
    }

    private static List<List<Slot>> orders(ScheduleName name, ScheduleRequest request) {
        int ranks = request.ranks();
        int microbatches = request.microbatches();
        int chunks = request.chunks().orElse(name.defaultChunks());
        return switch (name) {
            case GPIPE -> each(ranks, rank -> OneChunkOrders.gpipe(rank, microbatches));
            case ONE_F_ONE_B -> each(ranks, rank -> OneChunkOrders.oneForwardOneBackward(rank, ranks, microbatches));
            case INTERLEAVED -> each(ranks, rank -> InterleavedOrder.of(rank, ranks, microbatches, chunks));
            case ZB_H1 -> each(ranks, rank -> OneChunkOrders.zeroBubble(rank, ranks, microbatches, 1));
            case ZB_H2 -> each(ranks, rank -> OneChunkOrders.zeroBubble(rank, ranks, microbatches, 2));
            case ZB_1P -> automatic(request, 1);
            case ZB_2P -> automatic(request, 2);
            case ZB_V -> ZeroBubbleVOrders.of(microbatches, costs(request, 2 * ranks));
            case V_HALF -> BuildingBlocks.half(ranks).orders(microbatches);
            case V_MIN -> BuildingBlocks.least(ranks).orders(microbatches);
            case DUALPIPE -> each(ranks, rank -> DualPipeOrder.bothWays(rank, ranks, microbatches));
            case DUALPIPE_V -> each(ranks, rank -> DualPipeOrder.vShaped(rank, ranks, microbatches));
        };
    }

    /** Equal ones where the request has none. */
    static StageCosts costs(ScheduleRequest request, int stages) {
        return request.costs().orElseGet(() -> StageCosts.equal(stages, stages / request.ranks(), 1.0, 1.0, 1.0, 0.0));
    }

    /** Within so many times the memory of 1F1B, and the request's limit. */
    private static List<List<Slot>> automatic(ScheduleRequest request, int times) {
        StageCosts costs = costs(request, request.ranks());
        double limit = times * AutomaticOrders.memoryOfOneForwardOneBackward(costs);
        return AutomaticOrders.of(
                request.microbatches(),
                costs,
                Math.min(limit, request.memoryLimit().orElse(limit)));
    }

    private static List<List<Slot>> each(int ranks, IntFunction<List<Slot>> order) {
        return IntStream.range(0, ranks).mapToObj(order).toList();
    }
}
