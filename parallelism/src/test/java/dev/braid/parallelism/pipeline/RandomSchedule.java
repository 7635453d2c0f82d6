package dev.braid.parallelism.pipeline;

import dev.braid.parallelism.pipeline.Action.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Any order in which the actions of a step can run. One action after the other is drawn from those that are ready, so that no rank
 * waits for one that waits for it.
 */
final class RandomSchedule {
    private final SplittableRandom random;
    private final StageMap map;
    private final int microbatches;
    private final boolean[] halves;
    private final Set<Action> done = new HashSet<>();
    private final List<Action> open = new ArrayList<>();
    /** Whether the gradients of the last stage wait for a W: then its forwards may come in any order. */
    private boolean headWaits;
    /** For each stage and direction, the micro-batch whose weight gradient comes next. */
    private final Map<List<Integer>, Integer> nextWeights = new HashMap<>();

    private RandomSchedule(long seed) {
        random = new SplittableRandom(seed);
        int ranks = 1 + random.nextInt(4);
        map = switch (random.nextInt(4)) {
            case 0 -> StageMap.linear(ranks);
            case 1 -> StageMap.looped(ranks, 2);
            case 2 -> StageMap.vShaped(ranks);
            default -> ranks % 2 == 0 ? StageMap.bothWays(ranks) : StageMap.linear(ranks);
        };
        microbatches = 2 + random.nextInt(5);
        halves = new boolean[map.stages()];
        for (int stage = 0; stage < halves.length; stage++) {
            halves[stage] = random.nextBoolean();
        }
    }

    static Schedule of(long seed) {
        return new RandomSchedule(seed).draw(seed);
    }

    private Schedule draw(long seed) {
        List<List<Slot>> orders = new ArrayList<>();
        IntStream.range(0, map.ranks()).forEach(rank -> orders.add(new ArrayList<>()));
        for (int stage = 0; stage < map.stages(); stage++) {
            for (int microbatch = 0; microbatch < microbatches; microbatch++) {
                open.add(new Action(Kind.F, stage, microbatch));
                // Where a stage has halves, some micro-batches still go through it by a B.
                if (halves[stage] && random.nextInt(3) > 0) {
                    open.add(new Action(Kind.I, stage, microbatch));
                    open.add(new Action(Kind.W, stage, microbatch));
                } else {
                    open.add(new Action(Kind.B, stage, microbatch));
                }
                int direction = map.direction(microbatch, microbatches);
                nextWeights.putIfAbsent(List.of(stage, direction), microbatch);
            }
        }
        headWaits = open.stream().anyMatch(action -> action.kind() == Kind.W && action.stage() == map.stages() - 1);
        while (!open.isEmpty()) {
            List<Action> ready = open.stream().filter(this::ready).toList();
            Action next = ready.get(random.nextInt(ready.size()));
            open.remove(next);
            done.add(next);
            if (next.kind().addsToWeights()) {
                nextWeights.merge(place(next), 1, Integer::sum);
            }
            orders.get(map.rank(place(next).getLast(), next.stage())).add(Slot.of(next));
        }
        return new Schedule("random " + seed, map, microbatches, orders, true);
    }

    private List<Integer> place(Action action) {
        return List.of(action.stage(), map.direction(action.microbatch(), microbatches));
    }

    private boolean ready(Action action) {
        int stage = action.stage();
        return inTurn(action)
                && switch (action.kind()) {
                    case F -> stage == 0 || has(Kind.F, stage - 1, action);
                    case W -> has(Kind.I, stage, action);
                    case I, B ->
                        has(Kind.F, stage, action)
                                && (stage == map.stages() - 1
                                        || has(Kind.I, stage + 1, action)
                                        || has(Kind.B, stage + 1, action));
                };
    }

    /** What adds to gradients comes in the order of micro-batches; without a queue, a loss does so in forward. */
    private boolean inTurn(Action action) {
        if (action.kind() != Kind.F) {
            return !action.kind().addsToWeights() || nextWeights.get(place(action)) == action.microbatch();
        }
        int before = action.microbatch() - 1;
        boolean first = before < 0
                || map.direction(before, microbatches) != place(action).getLast();
        return headWaits
                || action.stage() < map.stages() - 1
                || first
                || done.contains(new Action(Kind.F, action.stage(), before));
    }

    private boolean has(Kind kind, int stage, Action of) {
        return done.contains(new Action(kind, stage, of.microbatch()));
    }
}
