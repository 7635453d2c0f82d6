package dev.braid.models;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A value [rows, columns] that one layer makes and later ones read beside the hidden state, such as the first values of RWKV-7.
 * Every rank of the tensor axis has all rows and its own columns.
 *
 * @param columns those of this rank of the tensor axis
 * @param fixed what is made of parameters alone: F32, with as many rows whatever the tokens; otherwise a row for each token in the
 *     dtype of the hidden state
 * @param layers the one that makes it, then those that read it
 */
record CarriedValue(String name, int columns, Optional<Integer> fixed, SortedSet<Integer> layers) {
    CarriedValue {
        layers = new TreeSet<>(layers);
    }

    /** What a stage passes on of it, for so many tokens in the dtype of the hidden state. */
    StageOutput output(int tokens, DType dtype, boolean differentiable) {
        int rows = fixed.orElse(tokens);
        DType own = fixed.isPresent() ? DType.F32 : dtype;
        return new StageOutput(name, own, Shape.of(rows, columns), rows, false, differentiable);
    }

    boolean madeBy(int layer) {
        return layers.first() == layer;
    }

    boolean readBy(int layer) {
        return layers.first() < layer && layers.contains(layer);
    }

    /** Whether it is made before {@code layer} and read there or later. */
    boolean crosses(int layer) {
        return layers.first() < layer && layers.last() >= layer;
    }
}
