package dev.braid.parallelism.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The actions of one rank in a pass, in order, with who its neighbours are in each of them.
 *
 * @param map which rank runs which stage
 * @param microbatches of the pass
 * @param rank of the pipeline
 * @param actions of the rank, in order
 */
record RankActions(StageMap map, int microbatches, int rank, List<Action> actions) {
    RankActions {
        actions = List.copyOf(actions);
    }

    /** What {@code rank} does in a training step. */
    static RankActions of(Schedule schedule, int rank) {
        return new RankActions(schedule.map(), schedule.microbatches(), rank, schedule.actions(rank));
    }

    Optional<Edge> into(Action action) {
        return Edge.into(action, map.stages());
    }

    Optional<Edge> outOf(Action action) {
        return Edge.outOf(action, map.stages());
    }

    /** The rank that {@code edge} comes from. */
    int source(Edge edge) {
        return rank(edge.source(), edge);
    }

    /** The rank that {@code edge} goes to. */
    int target(Edge edge) {
        return rank(edge.target(), edge);
    }

    private int rank(int stage, Edge edge) {
        return map.rank(map.direction(edge.microbatch(), microbatches), stage);
    }

    /** What the first {@code count} actions need from other ranks, in order. */
    List<Edge> received(int count) {
        List<Edge> edges = new ArrayList<>();
        for (Action action : actions.subList(0, count)) {
            into(action).filter(edge -> source(edge) != rank).ifPresent(edges::add);
        }
        return edges;
    }

    /** What the first {@code count} actions send to {@code other}, in order. */
    List<Edge> sent(int count, int other) {
        List<Edge> edges = new ArrayList<>();
        for (Action action : actions.subList(0, count)) {
            outOf(action).filter(edge -> target(edge) == other).ifPresent(edges::add);
        }
        return edges;
    }
}
