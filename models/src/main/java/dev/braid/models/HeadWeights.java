package dev.braid.models;

import dev.braid.tensor.Shape;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.Weight;
import java.util.List;

/**
 * Declares the parameters of one mixer whose heads are divided over the tensor axis. Names are given without prefix and ending.
 *
 * @param prefix of the parameters' names: {@code layers.3.mixer.}
 */
record HeadWeights(Construction construction, String prefix, StateHeads heads) {
    /** Checks that the heads can be divided. */
    HeadWeights {
        heads.requireDivides(prefix.substring(0, Math.max(0, prefix.length() - 1)), construction.tensorRanks());
    }

    int dim() {
        return construction.model().dim();
    }

    Parameters parameters() {
        return construction.parameters();
    }

    /** Declares one parameter. */
    Weight add(ParameterSpec spec) {
        return parameters().add(spec);
    }

    /** A matrix with {@code rows} for each head of keys [keyHeads rows, columns]. */
    ParameterSpec keys(String name, int rows, int columns) {
        return keys(name, rows, columns, construction.init().inner());
    }

    private ParameterSpec keys(String name, int rows, int columns, Initialization initialization) {
        return matrix(name, (long) heads.keyHeads() * rows, columns, new Division.Rows(rows), initialization);
    }

    /** A matrix with {@code rows} for each head of values [valueHeads rows, columns]. */
    ParameterSpec values(String name, int rows, int columns) {
        return values(name, rows, columns, construction.init().inner());
    }

    private ParameterSpec values(String name, int rows, int columns, Initialization initialization) {
        return matrix(name, (long) heads.valueHeads() * rows, columns, byValues(rows), initialization);
    }

    /** A matrix that every rank has: the first half of a low-rank projection, whose second half is {@link #values}. */
    ParameterSpec whole(String name, int rows) {
        return matrix(name, rows, dim(), Division.WHOLE, construction.init().inner());
    }

    /** A projection that gates what the heads give [valueHeads valueSize, dim]. */
    ParameterSpec gate() {
        return values("gate", heads.valueSize(), dim());
    }

    private ParameterSpec matrix(
            String name, long rows, int columns, Division division, Initialization initialization) {
        return new ParameterSpec(prefix + name + ".weight", Shape.of(rows, columns), division, initialization);
    }

    /**
     * Filters over {@code width} tokens for each column of queries, keys and values, in this order; drawn as PyTorch draws those
     * of a convolution.
     */
    Weight filters(int width) {
        double bound = 1 / Math.sqrt(width);
        Initialization even = new Initialization.Uniform(-bound, bound, Initialization.Of.ITSELF);
        return parameters()
                .pack(List.of(
                        keys("conv_q", heads.keySize(), width, even),
                        keys("conv_k", heads.keySize(), width, even),
                        values("conv_v", heads.valueSize(), width, even)));
    }

    /** A vector with {@code size} elements for each head of values, whose name is not {@code .weight}. */
    Weight vector(String name, int size, Initialization initialization) {
        return parameters()
                .add(new ParameterSpec(
                        prefix + name, Shape.of((long) heads.valueHeads() * size), byValues(size), initialization));
    }

    /** The weight of a norm that all heads of values share [valueSize]. */
    Weight norm(String name) {
        return parameters()
                .add(new ParameterSpec(
                        prefix + name + ".weight",
                        Shape.of(heads.valueSize()),
                        Division.WHOLE,
                        new Initialization.Constant(1)));
    }

    /** The projection that ends the mixer [dim, valueHeads valueSize]. */
    Weight output() {
        long together = (long) heads.together(construction.tensorRanks()) * heads.valueSize();
        return parameters()
                .add(new ParameterSpec(
                        prefix + "output.weight",
                        Shape.of(dim(), (long) heads.valueHeads() * heads.valueSize()),
                        new Division.Columns(together),
                        construction.init().intoResidual()));
    }

    private Division byValues(int rows) {
        return new Division.Rows((long) heads.together(construction.tensorRanks()) * rows);
    }
}
