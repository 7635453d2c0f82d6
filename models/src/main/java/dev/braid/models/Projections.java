package dev.braid.models;

import dev.braid.tensor.Shape;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;

/**
 * Declares the parameters around the heads of a mixer: projections of the input, packed into one weight in the order in
 * which they are named here, and what follows them.
 */
final class Projections {
    private final Construction construction;
    private final String prefix;
    private final HeadDivision heads;
    private final List<ParameterSpec> inputs = new ArrayList<>();

    Projections(Construction construction, String prefix, HeadDivision heads) {
        this.construction = construction;
        this.prefix = prefix;
        this.heads = heads;
    }

    /** A projection to {@code size} columns for each head. */
    Projections toHeads(String name, int size) {
        return to(name, heads.heads() * size, heads.rows(size));
    }

    /** A projection to {@code size} columns for each group of heads. */
    Projections toGroups(String name, int size) {
        return to(name, heads.groups() * size, heads.groupRows(size));
    }

    /** A projection to {@code width} columns, all of which every rank has. */
    Projections toAll(String name, int width) {
        return to(name, width, Division.WHOLE);
    }

    private Projections to(String name, int rows, Division division) {
        Shape shape = Shape.of(rows, construction.model().dim());
        inputs.add(new ParameterSpec(
                prefix + name + ".weight", shape, division, construction.init().inner()));
        return this;
    }

    /** All of them as one weight. */
    Weight pack() {
        return construction.parameters().pack(inputs);
    }

    /** A bias for each row of all of them. */
    Weight biases() {
        return vectors(inputs, "");
    }

    /**
     * Filters over the last {@code width} tokens for the columns of projections {@code from} until {@code to}, drawn as PyTorch
     * draws those of a convolution.
     */
    Weight filters(int from, int to, int width) {
        double bound = 1 / Math.sqrt(width);
        Initialization even = new Initialization.Uniform(-bound, bound, Initialization.Of.ITSELF);
        return construction
                .parameters()
                .pack(inputs.subList(from, to).stream()
                        .map(input -> new ParameterSpec(
                                name(input, "conv_", ".weight"),
                                Shape.of(input.shape().extent(0), width),
                                input.division(),
                                even))
                        .toList());
    }

    /** Biases of {@link #filters}. */
    Weight filterBiases(int from, int to) {
        return vectors(inputs.subList(from, to), "conv_");
    }

    private Weight vectors(List<ParameterSpec> of, String kind) {
        return construction
                .parameters()
                .pack(of.stream()
                        .map(input -> new ParameterSpec(
                                name(input, kind, ".bias"),
                                Shape.of(input.shape().extent(0)),
                                input.division(),
                                new Initialization.Constant(0)))
                        .toList());
    }

    private String name(ParameterSpec input, String kind, String ending) {
        String name = input.name().substring(prefix.length(), input.name().length() - ".weight".length());
        return prefix + kind + name + ending;
    }

    /** A second projection, from {@code width} columns that every rank has to {@code size} for each head. */
    Weight second(String name, int width, int size) {
        Shape shape = Shape.of((long) heads.heads() * size, width);
        return add(name, shape, heads.rows(size), construction.init().inner());
    }

    /** A vector of {@code size} numbers for each head. */
    Weight perHead(String name, int size, Initialization initialization) {
        return add(name, Shape.of((long) heads.heads() * size), heads.rows(size), initialization);
    }

    /** A matrix of {@code rows} with {@code size} columns for each head. */
    Weight rowsOverHeads(String name, int rows, int size, Initialization initialization) {
        return add(name, Shape.of(rows, (long) heads.heads() * size), heads.columns(size), initialization);
    }

    /** A vector of {@code size} numbers that all heads share. */
    Weight shared(String name, int size, Initialization initialization) {
        return add(name, Shape.of(size), Division.WHOLE, initialization);
    }

    /** The projection from {@code size} columns for each head into the residual stream. */
    Weight output(int size) {
        Shape shape = Shape.of(construction.model().dim(), (long) heads.heads() * size);
        return add(
                "output.weight", shape, heads.columns(size), construction.init().intoResidual());
    }

    private Weight add(String name, Shape shape, Division division, Initialization initialization) {
        return construction.parameters().add(new ParameterSpec(prefix + name, shape, division, initialization));
    }
}
