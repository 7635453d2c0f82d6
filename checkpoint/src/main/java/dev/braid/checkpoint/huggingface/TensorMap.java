package dev.braid.checkpoint.huggingface;

import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Which tensors of a Hugging Face folder hold which parameters of Braid. A tensor there is one parameter, or several of them one
 * after another: {@code in_proj.weight} of a Mamba-2 is the rows of five. Or it is a run of elements of one: a matrix of one of the
 * experts. Immutable.
 */
public final class TensorMap {
    /**
     * A tensor of the folder.
     *
     * @param name name in the folder
     * @param shape extents in the folder
     * @param parts the parameters whose elements follow one another in it
     */
    public record Place(String name, Shape shape, List<Part> parts) {
        /** Refuses parts that do not fill the tensor. */
        public Place {
            long held = parts.stream().mapToLong(Part::count).sum();
            if (held != shape.count()) {
                throw new IllegalArgumentException("tensor \"" + name + "\" of " + shape + " does not consist of the "
                        + held + " elements of " + parts);
            }
            parts = List.copyOf(parts);
        }
    }

    /**
     * Where in the folder elements of a parameter are.
     *
     * @param from first element in the flattened tensor
     */
    record Piece(String tensor, long from, Part part) {}

    private final List<Place> places;
    private final List<Place> alternatives;
    private final Map<String, String> copies;
    private final Map<String, List<String>> substitutes;

    private TensorMap(
            List<Place> places,
            List<Place> alternatives,
            Map<String, String> copies,
            Map<String, List<String>> substitutes) {
        this.places = List.copyOf(places);
        this.alternatives = List.copyOf(alternatives);
        this.copies = Map.copyOf(copies);
        this.substitutes = Map.copyOf(substitutes);
    }

    /** The tensors, in the order in which they are written. */
    public List<Place> places() {
        return places;
    }

    /** Tensors that some writers store a second time, each with the name of its original. */
    Map<String, String> copies() {
        return copies;
    }

    /** The tensors, by the name of a missing one, whose rows together are its rows in folders of other writers. */
    Map<String, List<String>> substitutes() {
        return substitutes;
    }

    /**
     * The tensors of a folder that has the tensors {@code names}: the usual ones, or those of another layout where the folder has
     * them.
     */
    List<Place> places(Set<String> names) {
        List<Place> found = new ArrayList<>();
        Set<String> held = new HashSet<>();
        for (Place place : alternatives) {
            if (names.contains(place.name())) {
                found.add(place);
                place.parts().forEach(part -> held.add(part.name()));
            }
        }
        List<Place> all = new ArrayList<>();
        for (Place place : places) {
            if (place.parts().stream().noneMatch(part -> held.contains(part.name()))) {
                all.add(place);
            }
        }
        all.addAll(found);
        return all;
    }

    /**
     * Where the elements of each parameter are, in their order. Throws {@link IllegalArgumentException} when some of them have two
     * places or none.
     */
    static Map<String, List<Piece>> pieces(List<Place> places) {
        Map<String, List<Piece>> pieces = new LinkedHashMap<>();
        for (Place place : places) {
            long from = 0;
            for (Part part : place.parts()) {
                pieces.computeIfAbsent(part.name(), name -> new ArrayList<>()).add(new Piece(place.name(), from, part));
                from += part.count();
            }
        }
        pieces.values().forEach(TensorMap::requireWhole);
        return pieces;
    }

    private static void requireWhole(List<Piece> pieces) {
        pieces.sort(Comparator.comparingLong(piece -> piece.part().from()));
        long end = 0;
        for (Piece piece : pieces) {
            Part part = piece.part();
            if (part.from() < end) {
                throw new IllegalArgumentException("parameter \"" + part.name() + "\" has two places in the folder");
            }
            requireNoGap(part, end, part.from());
            end = part.end();
        }
        Part last = pieces.getLast().part();
        requireNoGap(last, end, last.shape().count());
    }

    private static void requireNoGap(Part part, long end, long next) {
        if (end != next) {
            throw new IllegalArgumentException("elements " + end + " to " + next + " of the parameter \"" + part.name()
                    + "\" have no place in the folder");
        }
    }

    /** A map to be filled from {@code shapes}, the parameters of a model of Braid by name. */
    public static Builder of(Map<String, Shape> shapes) {
        return new Builder(shapes);
    }

    /** Collects places. Used by one thread. */
    public static final class Builder {
        private final Map<String, Shape> shapes;
        private final List<Place> places = new ArrayList<>();
        private final List<Place> alternatives = new ArrayList<>();
        private final Map<String, String> copies = new LinkedHashMap<>();
        private final Map<String, List<String>> substitutes = new LinkedHashMap<>();

        private Builder(Map<String, Shape> shapes) {
            this.shapes = shapes;
        }

        /** Whether the model has the parameter {@code name}. */
        public boolean has(String name) {
            return shapes.containsKey(name);
        }

        /** The tensor {@code name} holds the rows of {@code parameters}, which differ at most in how many they have. */
        public Builder put(String name, String... parameters) {
            List<Part> parts = parts(parameters);
            long[] extents = parts.getFirst().shape().toArray();
            extents[0] =
                    parts.stream().mapToLong(part -> part.shape().extent(0)).sum();
            return put(name, Shape.of(extents), parts);
        }

        /** As {@link #put} when the model has all the parameters; nothing when it has none of them. */
        public Builder putIfPresent(String name, String... parameters) {
            return Arrays.stream(parameters).anyMatch(shapes::containsKey) ? put(name, parameters) : this;
        }

        /** As {@link #put}, for a convolution: the folder has an extent of 1 between channels and width. */
        public Builder putConvolution(String name, String... parameters) {
            List<Part> parts = parts(parameters);
            long channels =
                    parts.stream().mapToLong(part -> part.shape().extent(0)).sum();
            return put(name, Shape.of(channels, 1, parts.getFirst().shape().columns()), parts);
        }

        /** The tensor {@code name} has the elements of one parameter with the extents that {@code extents} makes of its own. */
        public Builder putReshaped(String name, UnaryOperator<Shape> extents, String parameter) {
            return put(name, extents.apply(shape(parameter)), parts(parameter));
        }

        /** The tensor {@code name} may be there a second time as {@code copy}. */
        public Builder copy(String copy, String name) {
            copies.put(copy, name);
            return this;
        }

        /** A folder that lacks the tensor {@code name} may have {@code others}, whose rows one after another are its rows. */
        public Builder substitute(String name, String... others) {
            substitutes.put(name, List.of(others));
            return this;
        }

        /** The tensor {@code name} of {@code shape} consists of {@code parts}. */
        public Builder put(String name, Shape shape, List<Part> parts) {
            places.add(new Place(name, shape, parts));
            return this;
        }

        /** As above, for a tensor that some folders have in place of those that have the parameters otherwise. */
        public Builder alternative(String name, Shape shape, List<Part> parts) {
            alternatives.add(new Place(name, shape, parts));
            return this;
        }

        /** Elements {@code from} until {@code from + count} of the parameter {@code name}. */
        public Part run(String name, long from, long count) {
            return Part.run(name, shape(name), from, count);
        }

        /** Elements of the parameter {@code name}, there as [a, b, c], in the tensor as [b, a, c]. */
        public Part turned(String name, long from, long a, long b, long c) {
            return new Part(name, shape(name), from, Shape.of(a, b, c), true);
        }

        private List<Part> parts(String... names) {
            return Arrays.stream(names)
                    .map(name -> Part.whole(name, shape(name)))
                    .toList();
        }

        /** The extents of the parameter {@code name}. */
        public Shape shape(String name) {
            Shape shape = shapes.get(name);
            if (shape == null) {
                throw new IllegalArgumentException(
                        "the model has no parameter \"" + name + "\", only " + shapes.keySet());
            }
            return shape;
        }

        /** The map. Throws {@link IllegalArgumentException} that names the parameters without a place. */
        public TensorMap build() {
            Set<String> held = pieces(places).keySet();
            List<String> left = shapes.keySet().stream()
                    .filter(name -> !held.contains(name))
                    .toList();
            if (!left.isEmpty()) {
                throw new IllegalArgumentException("no tensor of the folder holds the parameters " + left);
            }
            return new TensorMap(places, alternatives, copies, substitutes);
        }
    }
}
