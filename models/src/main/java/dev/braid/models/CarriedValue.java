package dev.braid.models;

import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A value [tokens, columns] that one layer makes and later ones read beside the hidden state, such as the first values of RWKV-7.
 * Every rank of the tensor axis has all rows and its own columns.
 *
 * @param columns those of this rank of the tensor axis
 * @param layers the one that makes it, then those that read it
 */
record CarriedValue(String name, int columns, SortedSet<Integer> layers) {
    CarriedValue {
        layers = new TreeSet<>(layers);
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
