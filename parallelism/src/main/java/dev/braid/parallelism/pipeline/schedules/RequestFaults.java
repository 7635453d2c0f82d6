package dev.braid.parallelism.pipeline.schedules;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Why there is no schedule for a request, and what there is instead. */
final class RequestFaults {
    private final ScheduleName name;
    private final ScheduleRequest request;

    RequestFaults(ScheduleName name, ScheduleRequest request) {
        this.name = name;
        this.request = request;
    }

    List<String> all() {
        List<String> faults = new ArrayList<>();
        if (!request.chunks().stream().allMatch(name::allowsChunks)) {
            faults.add(chunks(request.chunks().getAsInt()));
        }
        if (!name.allowsRanks(request.ranks())) {
            faults.add(ranks(request.ranks()));
        } else if (!name.allows(request.ranks(), request.microbatches())) {
            faults.add(microbatches(request.ranks(), request.microbatches()));
        } else if (faults.isEmpty()) {
            costs().ifPresent(faults::add);
        }
        return List.copyOf(faults);
    }

    private String chunks(int chunks) {
        String allowed = name.defaultChunks() == 1
                ? "one stage a rank"
                : name.allowsChunks(name.defaultChunks() + 1) ? "2 stages a rank or more" : "2 stages a rank";
        return name + " has " + allowed + ", and not " + chunks;
    }

    private String ranks(int ranks) {
        if (ranks < 1) {
            return "a pipeline has a rank at least, and not " + ranks;
        }
        String nearest = ranks == 1 ? "2" : (ranks - 1) + " or " + (ranks + 1);
        return name + " needs an even number of ranks, and not " + ranks + ": " + nearest + " would do";
    }

    private String microbatches(int ranks, int microbatches) {
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

    private Optional<String> costs() {
        int stages = Schedules.map(name, request).stages();
        int given = request.costs().map(costs -> costs.stages().size()).orElse(stages);
        if (given != stages) {
            return Optional.of("there are costs of " + count(given, "stage", "stages") + " for the " + stages + " that "
                    + name + " has on " + count(request.ranks(), "rank", "ranks"));
        }
        double least = AutomaticOrders.leastMemory(Schedules.costs(request, stages));
        if (name.automatic() && request.memoryLimit().orElse(least) < least) {
            return Optional.of(
                    name + " can't do with " + plain(request.memoryLimit().orElseThrow())
                            + " of memory: one micro-batch takes " + plain(least) + " in the stage that takes most");
        }
        return Optional.empty();
    }

    private static String count(int number, String one, String several) {
        return number + " " + (number == 1 ? one : several);
    }

    private static String plain(double amount) {
        return BigDecimal.valueOf(amount).stripTrailingZeros().toPlainString();
    }
}
