package dev.braid.trainer.huggingface;

import dev.braid.checkpoint.huggingface.Part;
import dev.braid.checkpoint.huggingface.TensorMap;
import dev.braid.models.ModelConfig;
import dev.braid.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/** Pairs of names, with the prefixes of a layer or without. Parameters that the model does not have are left out. Used by one thread. */
final class Tensors {
    private final ModelConfig model;
    private final TensorMap.Builder map;
    private final String folder;
    private final String prefix;

    Tensors(ModelConfig model, TensorMap.Builder map) {
        this(model, map, "", "");
    }

    private Tensors(ModelConfig model, TensorMap.Builder map, String folder, String prefix) {
        this.model = model;
        this.map = map;
        this.folder = folder;
        this.prefix = prefix;
    }

    /** The model whose parameters these are. */
    ModelConfig model() {
        return model;
    }

    /** With these prefixes behind those that there are. */
    Tensors in(String innerFolder, String innerPrefix) {
        return new Tensors(model, map, folder + innerFolder, prefix + innerPrefix);
    }

    /** The tensor {@code name} and the parameters whose rows it holds. */
    Tensors put(String name, String... parameters) {
        map.putIfPresent(folder + name, prefixed(parameters));
        return this;
    }

    /** The tensor {@code name} of {@code shape}, which consists of {@code parts}. */
    Tensors put(String name, Shape shape, List<Part> parts) {
        map.put(folder + name, shape, parts);
        return this;
    }

    /** As above, for a tensor that some folders have in place of those that have the parameters otherwise. */
    Tensors alternative(String name, Shape shape, List<Part> parts) {
        map.alternative(folder + name, shape, parts);
        return this;
    }

    /** Elements {@code from} until {@code from + count} of a parameter. */
    Part run(String parameter, long from, long count) {
        return map.run(prefix + parameter, from, count);
    }

    /** Elements of a parameter, there as [a, b, c], in the tensor as [b, a, c]. */
    Part turned(String parameter, long from, long a, long b, long c) {
        return map.turned(prefix + parameter, from, a, b, c);
    }

    /** The extents of a parameter. */
    Shape shape(String parameter) {
        return map.shape(prefix + parameter);
    }

    /** The tensor {@code name}, without the prefixes of the layer, and the parameter of this layer that it is. */
    Tensors putOutside(String name, String parameter) {
        map.putIfPresent(name, prefixed(parameter));
        return this;
    }

    /** {@code name.weight}, and {@code name.bias} when there is one, of a projection, likewise. */
    Tensors projection(String name, String... parameters) {
        put(name + ".weight", with(".weight", parameters));
        return put(name + ".bias", with(".bias", parameters));
    }

    /** {@code name.weight}, and {@code name.bias} when there is one, of a short convolution. */
    Tensors convolution(String name, String... parameters) {
        String[] weights = prefixed(with(".weight", parameters));
        if (map.has(weights[0])) {
            map.putConvolution(folder + name + ".weight", weights);
        }
        return put(name + ".bias", with(".bias", parameters));
    }

    /** A tensor with other extents than the parameter. */
    Tensors reshaped(String name, UnaryOperator<Shape> extents, String parameter) {
        if (map.has(prefix + parameter)) {
            map.putReshaped(folder + name, extents, prefix + parameter);
        }
        return this;
    }

    /** The head, or its copy when the embedding is the head. */
    Tensors head(String name, String embedding) {
        if (map.has(prefix + "head.weight")) {
            return put(name, "head.weight");
        }
        map.copy(folder + name, folder + embedding);
        return this;
    }

    /** Folders of other writers may have {@code others} in place of the tensor {@code name}. */
    Tensors substitute(String name, String... others) {
        map.substitute(
                folder + name,
                Arrays.stream(others).map(other -> folder + other).toArray(String[]::new));
        return this;
    }

    /** Whether the model has the parameter {@code name}. */
    boolean has(String name) {
        return map.has(prefix + name);
    }

    TensorMap build() {
        return map.build();
    }

    private String[] prefixed(String... parameters) {
        return Arrays.stream(parameters).map(name -> prefix + name).toArray(String[]::new);
    }

    private static String[] with(String suffix, String... names) {
        return Arrays.stream(names).map(name -> name + suffix).toArray(String[]::new);
    }
}
