package dev.braid.parallelism.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * In which order the ranks run any number of micro-batches forward through all stages. Made by a dry run in which every action
 * takes one tick and each rank takes, of the actions that are ready, the one of the latest stage, so that what was begun leaves the
 * pipeline before something new enters it. Ticks only grow along what actions need from each other: no rank waits for one that
 * waits for it.
 *
 * @param ranks each rank's order
 * @param ticks when each action runs
 */
record ForwardOrder(List<RankActions> ranks, Map<Action, Integer> ticks) {
    /** A rank's next micro-batch of one of its stages in one direction. */
    private static final class Lane {
        final int stage;
        final int end;
        int microbatch;

        Lane(int stage, int from, int end) {
            this.stage = stage;
            this.microbatch = from;
            this.end = end;
        }

        Optional<Action> next() {
            return microbatch < end ? Optional.of(new Action(Action.Kind.F, stage, microbatch)) : Optional.empty();
        }
    }

    static ForwardOrder of(StageMap map, int microbatches) {
        List<List<Lane>> lanes = lanes(map, microbatches);
        List<List<Action>> orders = new ArrayList<>();
        lanes.forEach(rank -> orders.add(new ArrayList<>()));
        Map<Action, Integer> ticks = new HashMap<>();
        for (int tick = 0; ticks.size() < map.stages() * microbatches; tick++) {
            for (int rank = 0; rank < orders.size(); rank++) {
                Optional<Lane> lane = ready(lanes.get(rank), ticks, tick);
                if (lane.isPresent()) {
                    Action action = lane.get().next().orElseThrow();
                    orders.get(rank).add(action);
                    ticks.put(action, tick);
                    lane.get().microbatch++;
                }
            }
        }
        List<RankActions> ranks = IntStream.range(0, orders.size())
                .mapToObj(rank -> new RankActions(map, microbatches, rank, orders.get(rank)))
                .toList();
        return new ForwardOrder(ranks, ticks);
    }

    /** For each rank its stages in each direction, the latest stage first. */
    private static List<List<Lane>> lanes(StageMap map, int microbatches) {
        List<List<Lane>> lanes = new ArrayList<>();
        IntStream.range(0, map.ranks()).forEach(rank -> lanes.add(new ArrayList<>()));
        for (int stage = map.stages() - 1; stage >= 0; stage--) {
            int from = 0;
            for (int direction = 0; direction < map.directions().size(); direction++) {
                int end = from;
                while (end < microbatches && map.direction(end, microbatches) == direction) {
                    end++;
                }
                lanes.get(map.rank(direction, stage)).add(new Lane(stage, from, end));
                from = end;
            }
        }
        return lanes;
    }

    private static Optional<Lane> ready(List<Lane> lanes, Map<Action, Integer> ticks, int tick) {
        return lanes.stream()
                .filter(lane -> lane.next().isPresent() && ready(lane.next().get(), ticks, tick))
                .findFirst();
    }

    private static boolean ready(Action action, Map<Action, Integer> ticks, int tick) {
        if (action.stage() == 0) {
            return true;
        }
        Action before = new Action(Action.Kind.F, action.stage() - 1, action.microbatch());
        return ticks.getOrDefault(before, tick) < tick;
    }

    /** When the stage that {@code edge} goes to runs. */
    int taken(Edge edge) {
        return ticks.get(new Action(Action.Kind.F, edge.target(), edge.microbatch()));
    }
}
