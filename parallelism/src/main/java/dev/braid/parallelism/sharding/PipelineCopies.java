package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.tensor.parameters.Unit;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Which other rank of a pipeline holds the weights of a unit too: the same stage in the other direction, or the unit that it is
 * tied to in another stage. Gradients are summed over both, and one rank answers for the parameters. Immutable.
 */
public final class PipelineCopies {
    /** No pipeline. */
    public static final PipelineCopies NONE = new PipelineCopies(Optional.empty(), StageMap.linear(1), List.of());

    private final Optional<Communicator> group;
    private final StageMap map;
    private final List<List<String>> units;
    private final int me;

    /** Another rank of the pipeline, by its position, and a tag for what is exchanged. */
    record Peer(int rank, int tag) {}

    private PipelineCopies(Optional<Communicator> group, StageMap map, List<List<String>> units) {
        this.group = group;
        this.map = map;
        this.units = units.stream().map(List::copyOf).toList();
        this.me = group.map(Communicator::rank).orElse(0);
    }

    /**
     * Copies on the ranks of {@code group}.
     *
     * @param group the ranks of the pipeline in order; used for nothing else, since tags are counted from 0
     * @param units names of the units of each stage
     * @throws IllegalArgumentException when more than two ranks hold a stage, or the group has another number of ranks
     */
    public PipelineCopies(Communicator group, StageMap map, List<List<String>> units) {
        this(Optional.of(group), map, units);
        if (group.size() != map.ranks() || units.size() != map.stages()) {
            throw new IllegalArgumentException("the map has " + map.stages() + " stages on " + map.ranks()
                    + " ranks, and not " + units.size() + " on " + group.size());
        }
        for (int stage = 0; stage < map.stages(); stage++) {
            if (map.ranksOf(stage).size() > 2) {
                throw new IllegalArgumentException("stage " + stage + " is on the ranks " + map.ranksOf(stage)
                        + " of the pipeline; at most two may hold the same stage");
            }
        }
    }

    /** Ranks of the pipeline; only where there is a {@link Peer}. */
    Communicator group() {
        return group.orElseThrow();
    }

    /** Whether this rank answers for the parameters of {@code unit}: the first one of its stage, and of its original. */
    boolean answersFor(Unit unit) {
        if (group.isEmpty()) {
            return true;
        }
        Unit original = unit.original().orElse(unit);
        return map.ranksOf(stage(original)).getFirst() == me;
    }

    /** The other rank that holds {@code unit}. */
    Optional<Peer> copy(Unit unit) {
        if (group.isEmpty()) {
            return Optional.empty();
        }
        return map.ranksOf(stage(unit)).stream()
                .filter(rank -> rank != me)
                .findFirst()
                .map(rank -> new Peer(rank, 2 * number(unit)));
    }

    /**
     * The rank that holds what {@code unit} is tied to, where this one does not.
     *
     * @throws IllegalArgumentException when ranks are placed so that only one of two tied ranks would take part
     */
    Optional<Peer> tied(Unit unit) {
        Optional<Unit> other = unit.original().or(unit::tied);
        if (group.isEmpty() || other.isEmpty() || holds(me, stage(other.get()))) {
            return Optional.empty();
        }
        int partner = partner(me, stage(unit), stage(other.get()));
        if (holds(partner, stage(unit)) || partner(partner, stage(other.get()), stage(unit)) != me) {
            throw new IllegalArgumentException("the tied units " + unit.name() + " and "
                    + other.get().name() + " are on the ranks " + map.ranksOf(stage(unit)) + " and "
                    + map.ranksOf(stage(other.get()))
                    + " of the pipeline: they must be on the same ranks, or on pairs of different ones");
        }
        return Optional.of(new Peer(partner, 2 * number(unit.original().orElse(unit)) + 1));
    }

    /** Who holds {@code other} in the direction in which {@code rank} holds {@code stage}. */
    private int partner(int rank, int stage, int other) {
        int direction = IntStream.range(0, map.directions().size())
                .filter(index -> map.rank(index, stage) == rank)
                .findFirst()
                .orElseThrow();
        return map.rank(direction, other);
    }

    private boolean holds(int rank, int stage) {
        return map.ranksOf(stage).contains(rank);
    }

    private int stage(Unit unit) {
        return IntStream.range(0, units.size())
                .filter(stage -> units.get(stage).contains(unit.name()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "no stage of the pipeline has the unit " + unit.name() + ": they have " + units));
    }

    /** The unit's place among those of all stages. */
    private int number(Unit unit) {
        return units.stream().flatMap(List::stream).toList().indexOf(unit.name());
    }
}
