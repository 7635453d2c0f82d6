package dev.braid.trainer.train;

import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.MeasuredAction;
import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.StageCosts;
import dev.braid.parallelism.pipeline.TimedAction;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Measures the bubble of a pipeline over some steps, and simulates the schedule with the measured times of its actions to compare.
 * For ranks that are threads of one JVM, whose clock they share. Used by the rank's thread.
 */
final class PipelineMeasurement {
    private static final double NANOS = 1e9;

    private final RankGroup ranks;
    private final PipelineRank place;
    private final List<Long> times = new ArrayList<>();
    private int steps;

    PipelineMeasurement(RankGroup ranks, PipelineRank place) {
        this.ranks = ranks;
        this.place = place;
    }

    /** Takes in one step. */
    void add(List<MeasuredAction> step) {
        for (MeasuredAction action : step) {
            times.add(action.startNanos());
            times.add(action.endNanos());
        }
        steps++;
    }

    /** What came out, at rank 0, of the pipeline that it belongs to; nothing at the others. All ranks call it. */
    Optional<PipelineFigures> figures() {
        ByteBuffer mine = ByteBuffer.allocate(times.size() * Long.BYTES);
        times.forEach(mine::putLong);
        List<byte[]> all = ranks.gather(mine.array());
        if (all.isEmpty() || steps == 0) {
            return Optional.empty();
        }
        Schedule schedule = place.schedule();
        int stride = ranks.ranks() / schedule.map().ranks();
        List<LongBuffer> pipeline = IntStream.range(0, schedule.map().ranks())
                .mapToObj(rank -> ByteBuffer.wrap(all.get(rank * stride)).asLongBuffer())
                .toList();
        StageCosts costs = costs(schedule, pipeline);
        List<Simulation> measured = IntStream.range(0, steps)
                .mapToObj(step -> step(schedule, costs, pipeline, step))
                .sorted(Comparator.comparingDouble(Simulation::cost))
                .toList();
        return Optional.of(
                new PipelineFigures(measured.get(steps / 2), Simulator.run(schedule, costs, Overlap.IN_TURN)));
    }

    private static Simulation step(Schedule schedule, StageCosts costs, List<LongBuffer> pipeline, int step) {
        List<List<Action>> orders =
                IntStream.range(0, pipeline.size()).mapToObj(schedule::actions).toList();
        long first = Long.MAX_VALUE;
        for (int rank = 0; rank < orders.size(); rank++) {
            first = Math.min(
                    first, pipeline.get(rank).get(2 * step * orders.get(rank).size()));
        }
        List<List<TimedAction>> timed = new ArrayList<>();
        for (int rank = 0; rank < orders.size(); rank++) {
            List<Action> order = orders.get(rank);
            List<TimedAction> actions = new ArrayList<>();
            for (int i = 0; i < order.size(); i++) {
                int at = 2 * (step * order.size() + i);
                actions.add(new TimedAction(
                        order.get(i),
                        (pipeline.get(rank).get(at) - first) / NANOS,
                        (pipeline.get(rank).get(at + 1) - first) / NANOS));
            }
            timed.add(actions);
        }
        return new Simulation(schedule, costs, timed);
    }

    /** Means over all micro-batches and steps, so that they add up to the time that was spent; a B counts as an I without W. */
    private StageCosts costs(Schedule schedule, List<LongBuffer> pipeline) {
        List<Map<Action.Kind, double[]>> sums = new ArrayList<>();
        for (int stage = 0; stage < schedule.map().stages(); stage++) {
            Map<Action.Kind, double[]> kinds = new EnumMap<>(Action.Kind.class);
            Arrays.stream(Action.Kind.values()).forEach(kind -> kinds.put(kind, new double[2]));
            sums.add(kinds);
        }
        for (int rank = 0; rank < pipeline.size(); rank++) {
            List<Action> order = schedule.actions(rank);
            for (int i = 0; i < steps * order.size(); i++) {
                Action action = order.get(i % order.size());
                double[] sum = sums.get(action.stage()).get(action.kind());
                sum[0] +=
                        (pipeline.get(rank).get(2 * i + 1) - pipeline.get(rank).get(2 * i)) / NANOS;
                sum[1]++;
            }
        }
        return new StageCosts(sums.stream().map(PipelineMeasurement::stage).toList(), 0);
    }

    private static StageCosts.Stage stage(Map<Action.Kind, double[]> sums) {
        double weight = mean(sums.get(Action.Kind.W));
        double[] halves = sums.get(Action.Kind.I);
        double[] whole = sums.get(Action.Kind.B);
        // Where a schedule has both, all actions of the stage together take as long as they took.
        double input = (halves[0] + whole[0] - whole[1] * weight) / (halves[1] + whole[1]);
        return new StageCosts.Stage(mean(sums.get(Action.Kind.F)), input, weight, 1, 1);
    }

    private static double mean(double[] sum) {
        return sum[1] == 0 ? 0 : sum[0] / sum[1];
    }
}
