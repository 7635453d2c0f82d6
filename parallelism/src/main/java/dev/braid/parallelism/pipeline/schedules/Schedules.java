package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageCosts;
import dev.braid.parallelism.pipeline.StageMap;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
        List<String> faults = new ArrayList<>();
        request.chunks().stream()
                .filter(chunks -> !name.allowsChunks(chunks))
                .forEach(chunks -> faults.add(chunksFault(name, chunks)));
        if (!name.allowsRanks(request.ranks())) {
            faults.add(ranksFault(name, request.ranks()));
        } else if (!name.allows(request.ranks(), request.microbatches())) {
            faults.add(microbatchesFault(name, request.ranks(), request.microbatches()));
        } else if (faults.isEmpty()) {
            costsFault(name, request).ifPresent(faults::add);
        }
        return List.copyOf(faults);
    }

    private static Optional<String> costsFault(ScheduleName name, ScheduleRequest request) {
        int stages = map(name, request).stages();
        int given = request.costs().map(costs -> costs.stages().size()).orElse(stages);
        if (given != stages) {
            return Optional.of("there are costs of " + given + " stages for the " + stages + " that " + name
                    + " has on " + count(request.ranks(), "rank", "ranks"));
        }
        double least = AutomaticOrders.leastMemory(costs(request, stages));
        if (name.automatic() && request.memoryLimit().orElse(least) < least) {
            return Optional.of(
                    name + " can't do with " + plain(request.memoryLimit().orElseThrow())
                            + " of memory: one micro-batch takes " + plain(least) + " in the stage that takes most");
        }
        return Optional.empty();
    }

    private static String chunksFault(ScheduleName name, int chunks) {
        String allowed = name.defaultChunks() == 1
                ? "one stage a rank"
                : name.allowsChunks(name.defaultChunks() + 1) ? "2 stages a rank or more" : "2 stages a rank";
        return name + " has " + allowed + ", and not " + chunks;
    }

    private static String ranksFault(ScheduleName name, int ranks) {
        if (ranks < 1) {
            return "a pipeline has a rank at least, and not " + ranks;
        }
        String nearest = ranks == 1 ? "2" : (ranks - 1) + " or " + (ranks + 1);
        return name + " needs an even number of ranks, and not " + ranks + ": " + nearest + " would do";
    }

    private static String microbatchesFault(ScheduleName name, int ranks, int microbatches) {
        List<String> nearest = new ArrayList<>();
        IntStream.iterate(microbatches - 1, count -> count > 0, count -> count - 1)
                .filter(count -> name.allows(ranks, count))
                .limit(1)
                .forEach(count -> nearest.add(Integer.toString(count)));
        // Every schedule is defined for multiples of twice its ranks.
        int above = IntStream.iterate(Math.max(1, microbatches + 1), count -> count + 1)
                .filter(count -> name.allows(ranks, count))
                .findFirst()
                .orElseThrow();
        nearest.add(Integer.toString(above));
        return name + " on " + count(ranks, "rank", "ranks") + " is not defined for "
                + count(microbatches, "micro-batch", "micro-batches") + ": " + String.join(" or ", nearest)
                + " would do";
    }

    private static String count(int number, String one, String several) {
        return number + " " + (number == 1 ? one : several);
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
            case ZB_V -> zeroBubbleV(request);
            case V_HALF -> BuildingBlocks.half(ranks).orders(microbatches);
            case V_MIN -> BuildingBlocks.least(ranks).orders(microbatches);
            case DUALPIPE -> each(ranks, rank -> DualPipeOrder.bothWays(rank, ranks, microbatches));
            case DUALPIPE_V -> each(ranks, rank -> DualPipeOrder.vShaped(rank, ranks, microbatches));
        };
    }

    /**
     * By hand where that has no bubble; else what a search makes for the costs. Of unequal stages, which the search is not made for,
     * the shorter of both.
     */
    private static List<List<Slot>> zeroBubbleV(ScheduleRequest request) {
        int ranks = request.ranks();
        int microbatches = request.microbatches();
        StageCosts costs = costs(request, 2 * ranks);
        List<List<Slot>> byHand = each(ranks, rank -> ZeroBubbleVOrder.of(rank, ranks, microbatches));
        if (even(costs) && microbatches >= 2 * ranks - 1) {
            return byHand;
        }
        boolean equalStages = costs.stages().stream().distinct().count() == 1;
        return AutomaticOrders.onAV(microbatches, costs)
                .filter(found -> equalStages || span(found, request, costs) < span(byHand, request, costs))
                .orElse(byHand);
    }

    private static double span(List<List<Slot>> orders, ScheduleRequest request, StageCosts costs) {
        Schedule schedule = new Schedule(
                ScheduleName.ZB_V.label(), StageMap.vShaped(request.ranks()), request.microbatches(), orders, false);
        return Simulator.run(schedule, costs, Overlap.TOGETHER).span();
    }

    /** Whether all F, I and W take the same time and communication none. */
    private static boolean even(StageCosts costs) {
        double time = costs.stages().getFirst().forward();
        return costs.communication() == 0
                && costs.stages().stream()
                        .allMatch(stage -> stage.forward() == time && stage.input() == time && stage.weight() == time);
    }

    private static String plain(double amount) {
        return BigDecimal.valueOf(amount).stripTrailingZeros().toPlainString();
    }

    /** Equal ones where the request has none. */
    private static StageCosts costs(ScheduleRequest request, int stages) {
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
