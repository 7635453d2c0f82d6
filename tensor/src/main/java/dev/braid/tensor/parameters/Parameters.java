package dev.braid.tensor.parameters;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The declaration of a model's parameters, without memory: units of weights, each weight one parameter or several in one block,
 * cut to what one rank of the tensor axis and of the expert axis holds.
 */
public final class Parameters {
    private final DType matrixDtype;
    private final Place place;
    private final List<Unit> units = new ArrayList<>();
    private final List<Unit> tied = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private Unit current;

    /**
     * Nothing yet.
     *
     * @param matrixDtype in which operations read matrices; vectors are read in F32 always
     * @param tensorRanks ranks of the tensor axis
     * @param tensorRank this one's place on it
     */
    public Parameters(DType matrixDtype, int tensorRanks, int tensorRank) {
        this(matrixDtype, Place.tensor(tensorRanks, tensorRank));
    }

    /** Nothing yet, for the rank at {@code place}. */
    public Parameters(DType matrixDtype, Place place) {
        this.matrixDtype = matrixDtype;
        this.place = place;
    }

    /** Where the rank stands that they are cut for. */
    public Place place() {
        return place;
    }

    /** Begins a unit, to which all weights belong that are declared from now on. */
    public Unit unit(String name) {
        current = apart(name);
        return current;
    }

    /** A unit beside the one that was begun last, which goes on: for {@link #add(Unit, ParameterSpec)}. */
    public Unit apart(String name) {
        Unit unit = new Unit(name);
        units.add(unit);
        return unit;
    }

    /** The unit that was begun last. */
    public Unit current() {
        return current;
    }

    /**
     * Declares a unit whose weights are those of {@code original}: the same parameters, used at another place of the model. Their
     * gradients add up apart until the step's end. They are not counted again.
     */
    public Unit tie(String name, Unit original) {
        Unit unit = new Unit(name, original);
        for (Weight weight : original.weights()) {
            Weight again = weight.tiedIn(unit);
            List<Unit.Entry> entries = original.entries().stream()
                    .filter(entry -> entry.weight() == weight)
                    .map(entry -> new Unit.Entry(entry.spec(), entry.part(), again, entry.row()))
                    .toList();
            unit.add(again, entries);
        }
        tied.add(unit);
        return unit;
    }

    /**
     * The declaration of those units only that a rank holds. A tied unit whose original is not held has values of its own there:
     * it is one of {@link #units}.
     */
    public Parameters held(Collection<Unit> held) {
        Parameters part = new Parameters(matrixDtype, place);
        part.units.addAll(units);
        part.units.retainAll(held);
        for (Unit unit : tied) {
            if (held.contains(unit)) {
                boolean shares = held.contains(unit.original().orElseThrow());
                (shares ? part.tied : part.units).add(unit);
            }
        }
        part.specs().forEach(spec -> part.names.add(spec.name()));
        return part;
    }

    /** Declares one parameter. */
    public Weight add(ParameterSpec spec) {
        return pack(List.of(spec));
    }

    /** Declares one parameter of {@code unit}. */
    public Weight add(Unit unit, ParameterSpec spec) {
        return pack(unit, List.of(spec));
    }

    /** Declares parameters that lie row upon row in one block and are read as one weight. */
    public Weight pack(List<ParameterSpec> specs) {
        return pack(current, specs);
    }

    private Weight pack(Unit unit, List<ParameterSpec> specs) {
        List<Part> parts = new ArrayList<>();
        long rows = 0;
        for (ParameterSpec spec : specs) {
            if (!names.add(spec.name())) {
                throw new IllegalArgumentException("two parameters are named " + spec.name());
            }
            Part part = spec.division().part(spec.shape(), place);
            parts.add(part);
            rows += part.shape().extent(0);
        }
        long[] extents = parts.getFirst().shape().toArray();
        extents[0] = rows;
        DType dtype = specs.getFirst().matrix() ? matrixDtype : DType.F32;
        Weight weight = new Weight(unit, Shape.of(extents), dtype, specs, parts);
        List<Unit.Entry> entries = new ArrayList<>();
        long row = 0;
        for (int i = 0; i < specs.size(); i++) {
            entries.add(new Unit.Entry(specs.get(i), parts.get(i), weight, row));
            row += parts.get(i).shape().extent(0);
        }
        unit.add(weight, entries);
        return weight;
    }

    /** The units that have values of their own, as declared. */
    public List<Unit> units() {
        return List.copyOf(units);
    }

    /** The units whose values are those of one of {@link #units}. */
    public List<Unit> tied() {
        return List.copyOf(tied);
    }

    /** All parameters as declared, each once. */
    public List<ParameterSpec> specs() {
        return units.stream()
                .flatMap(unit -> unit.entries().stream())
                .map(Unit.Entry::spec)
                .toList();
    }

    /** Number of elements of all parameters that are trained, on all ranks together. */
    public long count() {
        return trained().mapToLong(spec -> spec.shape().count()).sum();
    }

    /** Those of them that a token uses on average: all but the experts that it does not go to. */
    public long activeCount() {
        return Math.round(trained()
                .mapToDouble(spec -> spec.activity() * spec.shape().count())
                .sum());
    }

    private Stream<ParameterSpec> trained() {
        return specs().stream().filter(ParameterSpec::trained);
    }
}
