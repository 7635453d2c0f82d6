package dev.braid.trainer.plan;

import dev.braid.models.Architecture;
import dev.braid.models.StageSplit;
import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.tensor.parameters.Unit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a run with a pipeline will need. Times are floating-point operations of one rank of the tensor axis, so that a rank's rate
 * turns them into seconds; communication takes none.
 *
 * @param input what was planned
 * @param split which layers each stage has
 * @param optimistic whether ranks take their optimizer steps before the gradient's norm is known
 * @param simulation the schedule in estimated times; of an overlapped pair one runs after the other, or both by turns where rows
 *     travel, as the executor runs them
 * @param ranks of the pipeline in order
 * @param parameters trained elements over all ranks
 * @param activeParameters those that a token uses on average; model FLOPs count these alone
 * @param modelFlops of a step over all ranks, without what is run again
 */
public record PipelinePlan(
        PlanInput input,
        StageSplit split,
        boolean optimistic,
        Simulation simulation,
        List<Rank> ranks,
        long parameters,
        long activeParameters,
        double modelFlops) {
    /**
     * One rank of a pipeline.
     *
     * @param stages that it holds
     * @param peak bytes when it holds the most activations
     * @param held of it, what is there all the time, with the copies that undo an optimistic step
     * @param wire bytes that it sends in a step
     */
    public record Rank(List<Integer> stages, Footprint peak, ZeroMemory held, PipelineWire wire) {}

    /** Tokens, labels, positions and documents. */
    private static final int BATCH_TENSORS = 4;

    /** Tensors from stage to stage that may be on their way at a time. */
    private static final int IN_FLIGHT = 4;

    /**
     * Plans a run.
     *
     * @throws IllegalArgumentException when heads can't be divided over the tensor axis, or the schedule has another number of
     *     stages than the model
     */
    public static PipelinePlan of(PlanInput input, Schedule schedule, StageSplit split, boolean optimistic) {
        Architecture architecture = new Architecture(input.model(), input.vocabulary(), input.compute(), input.place());
        Overlap overlap = input.place().expertRanks() > 1 ? Overlap.TOGETHER : Overlap.IN_TURN;
        Simulation simulation =
                Simulator.run(schedule, StageEstimate.of(input, split, StageEstimate.weightsWait(schedule)), overlap);
        LayerTraces layers = new LayerTraces(input);
        List<Rank> ranks = new ArrayList<>();
        for (int rank = 0; rank < schedule.map().ranks(); rank++) {
            ranks.add(rank(input, layers, simulation, split, optimistic, architecture, rank));
        }
        return new PipelinePlan(
                input,
                split,
                optimistic,
                simulation,
                List.copyOf(ranks),
                architecture.parameters().count(),
                architecture.parameters().activeCount(),
                architecture.flopsPerToken(input.sequence()) * input.tokens());
    }

    private static Rank rank(
            PlanInput input,
            LayerTraces layers,
            Simulation simulation,
            StageSplit split,
            boolean optimistic,
            Architecture architecture,
            int rank) {
        StageMap map = simulation.schedule().map();
        List<String> names = map.stagesOf(rank).stream()
                .flatMap(stage -> split.stages().get(stage).units(input.model()).stream())
                .toList();
        boolean headOfOwn = names.contains("embedding") && names.contains("head");
        List<Unit> units = Stream.concat(
                        architecture.parameters().units().stream(), architecture.parameters().tied().stream())
                .filter(unit -> names.contains(unit.name())
                        && !(headOfOwn && unit.name().equals("head")))
                .toList();
        ZeroMemory held = units.stream()
                .map(unit -> UnitSize.of(unit).held(input))
                .reduce(ZeroMemory.NONE, ZeroMemory::plus)
                .plus(new ZeroMemory(0, 0, optimistic ? undo(input, units) : 0));
        Map<Term, Long> bytes = new EnumMap<>(Term.class);
        bytes.put(Term.PARAMETERS, held.parameters());
        bytes.put(Term.GRADIENTS, held.gradients());
        bytes.put(Term.OPTIMIZER, held.optimizer());
        bytes.put(
                Term.UNITS_IN_FLIGHT,
                headOfOwn
                        ? UnitSize.of(architecture.parameters().tied().getFirst())
                                .gradientBytes()
                        : 0);
        bytes.put(Term.ACTIVATIONS, (long) simulation.peak(rank) + batches(input, simulation, rank));
        bytes.put(
                Term.COMMUNICATION,
                IN_FLIGHT
                        * input.ownTokens()
                        * input.model().dim()
                        * input.compute().bytes());
        long passing = map.stagesOf(rank).stream()
                .mapToLong(stage ->
                        StageMemory.of(input, layers, split.stages().get(stage)).passing())
                .max()
                .orElse(0);
        bytes.put(
                Term.WORKSPACE,
                passing
                        + Scratch.products(
                                input.cores(), input.compute(), input.model().dim()));
        return new Rank(
                map.stagesOf(rank),
                new Footprint(bytes),
                held,
                PipelineWire.of(input, layers, simulation.schedule(), split, rank, units));
    }

    /** What undoing a step takes: masters and moments as they were. */
    private static long undo(PlanInput input, List<Unit> units) {
        return units.stream()
                .map(UnitSize::of)
                .mapToLong(unit -> 3L
                        * Float.BYTES
                        * ZeroMemory.share(
                                unit.matrices() + unit.vectors(), input.zero() == 0 ? 1 : unit.shards(input.mesh())))
                .sum();
    }

    /** A rank keeps a micro-batch from its first stage to the step's end. */
    private static long batches(PlanInput input, Simulation simulation, int rank) {
        long seen = simulation.schedule().actions(rank).stream()
                .map(action -> action.microbatch())
                .distinct()
                .count();
        return seen * BATCH_TENSORS * Integer.BYTES * input.microbatchTokens();
    }

    /** The schedule. */
    public Schedule schedule() {
        return simulation.schedule();
    }

    /** FLOPs of a rank that a step takes as long as: where ranks step without waiting for the norm, from a rank's own start. */
    public double step() {
        return optimistic && !schedule().settles() ? simulation.span() : simulation.makespan();
    }

    /** The share of {@link #step} in which the rank with the most work does none. */
    public double bubble() {
        return (step() - work()) / step();
    }

    /** The share of {@link #step} in which {@code rank} does not compute. */
    public double bubble(int rank) {
        return (step() - simulation.work(rank)) / step();
    }

    /** FLOPs of the rank with the most of them. */
    public double work() {
        double most = 0;
        for (int rank = 0; rank < ranks.size(); rank++) {
            most = Math.max(most, simulation.work(rank));
        }
        return most;
    }

    /** The rank that needs the most memory. */
    public Rank fullest() {
        return ranks.stream()
                .max(Comparator.comparingLong(rank -> rank.peak().total()))
                .orElseThrow();
    }

    /** Bytes of the rank that needs the most. */
    public long total() {
        return fullest().peak().total();
    }

    /** Tokens a second of all ranks when each keeps up {@code rate} FLOP/s and sending takes no time. */
    public double tokensPerSecond(double rate) {
        return input.tokens() * rate / step();
    }
}
