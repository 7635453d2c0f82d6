package dev.braid.checkpoint;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** Tensors by global parameter name that can be read in ranges: from a checkpoint, a Hugging Face folder or memory. */
public interface Weights {
    /** The names of all tensors, in a stable order. */
    Set<String> names();

    /** Extents of tensor {@code name}. Throws {@link IllegalArgumentException} when there is none. */
    Shape shape(String name);

    /** Element type in which {@link #read} gives tensor {@code name}. */
    DType dtype(String name);

    /** Copies elements {@code from} until {@code from + count} of {@code name}, raw, to the start of {@code target}. */
    void read(String name, long from, long count, MemorySegment target) throws IOException;

    /**
     * Fills {@code target} with the tensor {@code name}, which must have its shape and dtype; otherwise an
     * {@link IllegalArgumentException} names both.
     */
    default void load(String name, Tensor target) throws IOException {
        if (!shape(name).equals(target.shape()) || dtype(name) != target.dtype()) {
            throw new IllegalArgumentException("tensor \"" + name + "\" is " + dtype(name) + shape(name)
                    + " in the file, but the model has " + target + " for it");
        }
        try (Staging staging = new Staging(target.bytes())) {
            long step = staging.bytes() / target.dtype().bytes();
            for (long from = 0; from < target.count(); from += step) {
                long count = Math.min(step, target.count() - from);
                read(name, from, count, staging.segment());
                target.copyFrom(from, count, staging.segment());
            }
        }
    }

    /**
     * Fills elements {@code localFrom} until {@code localFrom + count} of {@code local} with elements {@code from} and on
     * of the columns {@code band} of tensor {@code name}, counted within the band. Throws
     * {@link IllegalArgumentException} when the dtypes differ and {@link IndexOutOfBoundsException} when the tensor has
     * no such elements.
     */
    default void load(String name, Band band, long from, Tensor local, long localFrom, long count) throws IOException {
        if (dtype(name) != local.dtype()) {
            throw new IllegalArgumentException("tensor \"" + name + "\" is " + dtype(name) + shape(name)
                    + " in the file, which does not load into " + local);
        }
        FlatLoad.load(this, name, new Part(band, from, from + count), local, localFrom);
    }

    /** Those of them whose names {@code wanted} takes. */
    default Weights only(Predicate<String> wanted) {
        return new SelectedWeights(this, wanted);
    }

    /** Tensors in memory. They must live as long as the weights are read. */
    static Weights of(Map<String, Tensor> tensors) {
        return new TensorWeights(tensors);
    }
}
