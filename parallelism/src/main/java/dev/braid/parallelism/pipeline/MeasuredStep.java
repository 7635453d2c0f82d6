package dev.braid.parallelism.pipeline;

import dev.braid.parallelism.pipeline.Action.Kind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * When the actions of all ranks ran in a step, to be laid beside a {@link Simulation}. Times are comparable between ranks of one
 * host. Immutable.
 *
 * @param schedule that was carried out
 * @param ranks for each rank its actions in order
 */
public record MeasuredStep(Schedule schedule, List<List<MeasuredAction>> ranks) {
    private static final double NANOS = 1e9;
    private static final int ACTION_BYTES = 3 * Long.BYTES;

    /**
     * A copy.
     *
     * @throws IllegalArgumentException when they are not the actions of the schedule
     */
    public MeasuredStep {
        ranks = ranks.stream().map(List::copyOf).toList();
        for (int rank = 0; rank < schedule.map().ranks(); rank++) {
            List<Action> expected = schedule.actions(rank);
            List<Action> measured = rank < ranks.size()
                    ? ranks.get(rank).stream().map(MeasuredAction::action).toList()
                    : List.of();
            if (!measured.equals(expected)) {
                throw new IllegalArgumentException("rank " + rank + " of schedule " + schedule.name() + " has run "
                        + measured.size() + " actions " + measured + ", and not the " + expected.size() + " actions "
                        + expected);
            }
        }
    }

    /** One rank's times as bytes, for {@link #decode}. */
    public static byte[] encode(List<MeasuredAction> rank) {
        ByteBuffer bytes = ByteBuffer.allocate(ACTION_BYTES * rank.size());
        rank.forEach(each ->
                bytes.putLong(each.startNanos()).putLong(each.endNanos()).putLong(each.nanos()));
        return bytes.array();
    }

    /**
     * A step of what {@link #encode} has made of each rank's times, in the order of ranks.
     *
     * @throws IllegalArgumentException when they are of another number of actions
     */
    public static MeasuredStep decode(Schedule schedule, List<byte[]> ranks) {
        List<List<MeasuredAction>> all = new ArrayList<>();
        for (int rank = 0; rank < ranks.size(); rank++) {
            ByteBuffer bytes = ByteBuffer.wrap(ranks.get(rank));
            List<MeasuredAction> measured = new ArrayList<>();
            for (Action action : schedule.actions(rank)) {
                if (bytes.remaining() >= ACTION_BYTES) {
                    measured.add(new MeasuredAction(action, bytes.getLong(), bytes.getLong(), bytes.getLong()));
                }
            }
            all.add(measured);
        }
        return new MeasuredStep(schedule, all);
    }

    /** How the two of a pair have run. */
    public Overlap overlap() {
        boolean together = ranks.stream()
                .flatMap(List::stream)
                .anyMatch(each -> each.nanos() < each.endNanos() - each.startNanos());
        return together ? Overlap.TOGETHER : Overlap.IN_TURN;
    }

    /** The same times in seconds from the first action's start on, as a simulation has them. */
    public List<List<TimedAction>> timed() {
        long origin = first();
        return ranks.stream()
                .map(rank -> rank.stream()
                        .map(each -> new TimedAction(
                                each.action(),
                                (each.startNanos() - origin) / NANOS,
                                (each.endNanos() - origin) / NANOS))
                        .toList())
                .toList();
    }

    /**
     * What the actions of each stage have cost on average, in seconds, without memory. Of a stage with B only, all of it is the time
     * of the input's half.
     *
     * @param communication seconds from an action on one rank to the start of one on another that needs its result
     */
    public StageCosts costs(double communication) {
        List<StageCosts.Stage> stages = IntStream.range(0, schedule.map().stages())
                .mapToObj(stage -> new StageCosts.Stage(
                        mean(Kind.F, stage).orElse(0),
                        mean(Kind.I, stage).orElseGet(() -> mean(Kind.B, stage).orElse(0)),
                        mean(Kind.W, stage).orElse(0),
                        0,
                        0))
                .toList();
        return new StageCosts(stages, communication);
    }

    private OptionalDouble mean(Kind kind, int stage) {
        return ranks.stream()
                .flatMap(List::stream)
                .filter(each -> each.action().kind() == kind && each.action().stage() == stage)
                .mapToDouble(each -> each.nanos() / NANOS)
                .average();
    }

    /** Seconds from the first action of any rank to the end of the last one. */
    public double makespan() {
        long last = ranks.stream()
                .filter(rank -> !rank.isEmpty())
                .mapToLong(rank -> rank.getLast().endNanos())
                .max()
                .orElse(0);
        return (last - first()) / NANOS;
    }

    private long first() {
        return ranks.stream()
                .filter(rank -> !rank.isEmpty())
                .mapToLong(rank -> rank.getFirst().startNanos())
                .min()
                .orElse(0);
    }

    /** The longest time in seconds from a rank's own first action to its own last one. */
    public double span() {
        return ranks.stream()
                .filter(rank -> !rank.isEmpty())
                .mapToDouble(
                        rank -> (rank.getLast().endNanos() - rank.getFirst().startNanos()) / NANOS)
                .max()
                .orElse(0);
    }

    /** Seconds for which a rank computed. */
    public double work(int rank) {
        return ranks.get(rank).stream().mapToLong(MeasuredAction::nanos).sum() / NANOS;
    }

    /** As {@link Simulation#bubbleRate()}: the share of a step in which the rank with the most work did none. */
    public double bubbleRate() {
        double cost = schedule.settles() ? makespan() : span();
        double most =
                IntStream.range(0, ranks.size()).mapToDouble(this::work).max().orElse(0);
        return cost == 0 ? 0 : (cost - most) / cost;
    }
}
