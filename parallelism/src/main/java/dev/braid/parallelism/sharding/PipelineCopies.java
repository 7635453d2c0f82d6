package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.pipeline.PlacementRules;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.tensor.parameters.Unit;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
     * @throws IllegalArgumentException when more than two ranks hold a stage, or one in two directions, or the group has another number of ranks
     */
    public PipelineCopies(Communicator group, StageMap map, List<List<String>> units) {
        this(Optional.of(group), map, units);
        if (group.size() != map.ranks() || units.size() != map.stages()) {
            throw new IllegalArgumentException("the map has " + map.stages() + " stages on " + map.ranks()
                    + " ranks, and not " + units.size() + " on " + group.size());
        }
        PlacementRules.faults(map).stream().findFirst().ifPresent(fault -> {
            throw new IllegalArgumentException(fault);
        });
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
     * Those of {@code units} that another rank holds too, in an order that all ranks have: the last one of the model first, and
     * what is tied to another right before that, as both are complete together.
     */
    List<Unit> exchangeOrder(Collection<Unit> units) {
        return units.stream()
                .filter(unit -> copy(unit).isPresent())
                .sorted(Comparator.comparingInt(
                                (Unit unit) -> -number(unit.original().orElse(unit)))
                        .thenComparing(unit -> unit.original().isEmpty()))
                .toList();
    }

    /**
     * The rank that holds what {@code unit} is tied to, where this one does not.
     *
     * @throws IllegalArgumentException when several ranks hold one of both, and not the same ones the other
     */
    Optional<Peer> tied(Unit unit) {
        Optional<Unit> other = unit.original().or(unit::tied);
        if (group.isEmpty() || other.isEmpty()) {
            return Optional.empty();
        }
        List<Integer> here = map.ranksOf(stage(unit));
        List<Integer> there = map.ranksOf(stage(other.get()));
        if (Set.copyOf(here).equals(Set.copyOf(there))) {
            return Optional.empty();
        }
        PlacementRules.tiedFault(unit.name(), here, other.get().name(), there).ifPresent(fault -> {
            throw new IllegalArgumentException(fault);
        });
        return Optional.of(new Peer(there.getFirst(), 2 * number(unit.original().orElse(unit)) + 1));
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
