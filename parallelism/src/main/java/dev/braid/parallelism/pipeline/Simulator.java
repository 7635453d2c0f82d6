package dev.braid.parallelism.pipeline;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Carries a schedule out in simulated time. A rank runs its slots in order, each as soon as it has what it needs; a result reaches
 * another rank {@link StageCosts#communication} after it was made, and its own rank at once. A link carries any number of results
 * at a time, and sending costs a rank nothing.
 *
 * <p>Each rank is followed until it must wait, and again when what it waits for is there, so that the work is proportional to the
 * number of actions.
 */
public final class Simulator {
    private final Schedule schedule;
    private final StageCosts costs;
    private final Results results;
    private final double[] ends;
    private final int[] makers;
    private final List<Rank> ranks;
    private final Deque<Rank> ready = new ArrayDeque<>();
    private final Map<Integer, List<Rank>> waiting = new HashMap<>();

    /** How far a rank is. */
    private static final class Rank {
        private final int number;
        private final List<List<Action>> steps;
        private final List<TimedAction> done = new ArrayList<>();
        private int next;
        private double clock;

        private Rank(int number, List<List<Action>> steps) {
            this.number = number;
            this.steps = steps;
        }

        private boolean finished() {
            return next == steps.size();
        }
    }

    private Simulator(Schedule schedule, StageCosts costs, Overlap overlap) {
        this.schedule = schedule;
        this.costs = costs;
        this.results = Results.of(schedule);
        this.ends = new double[results.count()];
        this.makers = new int[results.count()];
        Arrays.fill(ends, Double.NaN);
        this.ranks = IntStream.range(0, schedule.ranks().size())
                .mapToObj(rank -> new Rank(rank, steps(rank, overlap)))
                .toList();
    }

    /**
     * Simulates a step.
     *
     * @throws StalledScheduleException when ranks come to wait for each other, or for what no rank does
     * @throws IllegalArgumentException when the costs are those of another number of stages, or an action is of a stage or
     *     micro-batch that the schedule does not have
     */
    public static Simulation run(Schedule schedule, StageCosts costs, Overlap overlap) {
        if (costs.stages().size() != schedule.map().stages()) {
            throw new IllegalArgumentException("the costs of " + costs.stages().size() + " stages for a schedule of "
                    + schedule.map().stages());
        }
        return new Simulator(schedule, costs, overlap).run();
    }

    private List<List<Action>> steps(int rank, Overlap overlap) {
        List<List<Action>> steps = overlap == Overlap.TOGETHER
                ? schedule.ranks().get(rank).stream().map(Slot::actions).toList()
                : schedule.actions(rank).stream().map(List::of).toList();
        steps.stream().flatMap(List::stream).forEach(this::check);
        return steps;
    }

    private void check(Action action) {
        if (!results.contain(action)) {
            throw new IllegalArgumentException("schedule " + schedule.name() + " has " + action + ", but "
                    + results.stages() + " stages and " + results.microbatches() + " micro-batches");
        }
    }

    private Simulation run() {
        ready.addAll(ranks);
        while (!ready.isEmpty()) {
            advance(ready.remove());
        }
        if (ranks.stream().anyMatch(rank -> !rank.finished())) {
            throw new StalledScheduleException(stalled());
        }
        return new Simulation(
                schedule, costs, ranks.stream().map(rank -> rank.done).toList());
    }

    /** Runs steps of a rank until one lacks something. */
    private void advance(Rank rank) {
        while (!rank.finished()) {
            OptionalInt missing = missing(rank.steps.get(rank.next));
            if (missing.isPresent()) {
                waiting.computeIfAbsent(missing.getAsInt(), none -> new ArrayList<>())
                        .add(rank);
                return;
            }
            carryOut(rank, rank.steps.get(rank.next));
            rank.next++;
        }
    }

    private OptionalInt missing(List<Action> step) {
        for (Action action : step) {
            for (int result : results.needed(action)) {
                if (Double.isNaN(ends[result])) {
                    return OptionalInt.of(result);
                }
            }
        }
        return OptionalInt.empty();
    }

    private void carryOut(Rank rank, List<Action> step) {
        double start = rank.clock;
        double time = 0;
        for (Action action : step) {
            for (int result : results.needed(action)) {
                start = Math.max(start, ends[result] + (makers[result] == rank.number ? 0 : costs.communication()));
            }
            time += costs.time(action);
        }
        rank.clock = start + time;
        for (Action action : step) {
            rank.done.add(new TimedAction(action, start, rank.clock));
            results.made(action).ifPresent(result -> made(result, rank));
        }
    }

    private void made(int result, Rank rank) {
        ends[result] = rank.clock;
        makers[result] = rank.number;
        List<Rank> woken = waiting.remove(result);
        if (woken != null) {
            ready.addAll(woken);
        }
    }

    private String stalled() {
        List<String> waits = new ArrayList<>();
        for (Rank rank : ranks) {
            if (!rank.finished()) {
                List<Action> step = rank.steps.get(rank.next);
                waits.add("rank " + rank.number + " at " + words(step) + " waits for "
                        + missing(step).stream()
                                .mapToObj(this::source)
                                .findFirst()
                                .orElseThrow());
            }
        }
        return "schedule " + schedule.name() + " comes to a halt: " + String.join("; ", waits);
    }

    private static String words(List<Action> step) {
        return step.size() == 1 ? step.getFirst().toString() : "(" + step.getFirst() + ";" + step.getLast() + ")";
    }

    /** Who should make a result. */
    private String source(int result) {
        for (Rank rank : ranks) {
            Optional<Action> maker = rank.steps.stream()
                    .skip(rank.next)
                    .flatMap(List::stream)
                    .filter(action -> results.made(action).stream().anyMatch(made -> made == result))
                    .findFirst();
            if (maker.isPresent()) {
                return maker.get() + " of rank " + rank.number;
            }
        }
        return results.name(result) + ", which no rank makes";
    }
}
