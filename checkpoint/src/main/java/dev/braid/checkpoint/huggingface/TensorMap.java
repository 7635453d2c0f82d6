package dev.braid.checkpoint.huggingface;

import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Which tensors of a Hugging Face folder hold which parameters of Braid. A tensor there is one parameter, or several of them one
 * after another: {@code in_proj.weight} of a Mamba-2 is the rows of five. Immutable.
 */
public final class TensorMap {
    /**
     * A parameter of Braid.
     *
     * @param name global name in Braid
     * @param shape extents in Braid
     */
    public record Part(String name, Shape shape) {}

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
            long held = parts.stream().mapToLong(part -> part.shape().count()).sum();
            if (held != shape.count()) {
                throw new IllegalArgumentException("tensor \"" + name + "\" of " + shape + " does not consist of the "
                        + held + " elements of " + parts);
            }
            parts = List.copyOf(parts);
        }
    }

    /** Where in the folder a parameter begins. */
    record Location(String tensor, long from, Shape shape) {}

    private final List<Place> places;
    private final Map<String, String> copies;
    private final Map<String, List<String>> substitutes;
    private final Map<String, Location> locations = new LinkedHashMap<>();

    private TensorMap(List<Place> places, Map<String, String> copies, Map<String, List<String>> substitutes) {
        this.places = List.copyOf(places);
        this.copies = Map.copyOf(copies);
        this.substitutes = Map.copyOf(substitutes);
        for (Place place : places) {
            long from = 0;
            for (Part part : place.parts()) {
                if (locations.put(part.name(), new Location(place.name(), from, part.shape())) != null) {
                    throw new IllegalArgumentException(
                            "parameter \"" + part.name() + "\" has two places in the folder");
                }
                from += part.shape().count();
            }
        }
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

    /** Where each parameter of Braid begins, in the order of the places. */
    Map<String, Location> locations() {
        return Collections.unmodifiableMap(locations);
    }

    /** A map to be filled from {@code shapes}, the parameters of a model of Braid by name. */
    public static Builder of(Map<String, Shape> shapes) {
        return new Builder(shapes);
    }

    /** Collects places. Used by one thread. */
    public static final class Builder {
        private final Map<String, Shape> shapes;
        private final List<Place> places = new ArrayList<>();
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

        private List<Part> parts(String... names) {
            return Arrays.stream(names).map(name -> new Part(name, shape(name))).toList();
        }

        private Shape shape(String name) {
            Shape shape = shapes.get(name);
            if (shape == null) {
                throw new IllegalArgumentException(
                        "the model has no parameter \"" + name + "\", only " + shapes.keySet());
            }
            return shape;
        }

        private Builder put(String name, Shape shape, List<Part> parts) {
            places.add(new Place(name, shape, parts));
            return this;
        }

        /** The map. Throws {@link IllegalArgumentException} that names the parameters without a place. */
        public TensorMap build() {
            TensorMap map = new TensorMap(places, copies, substitutes);
            List<String> left = shapes.keySet().stream()
                    .filter(name -> !map.locations.containsKey(name))
                    .toList();
            if (!left.isEmpty()) {
                throw new IllegalArgumentException("no tensor of the folder holds the parameters " + left);
            }
            return map;
        }
    }
}
