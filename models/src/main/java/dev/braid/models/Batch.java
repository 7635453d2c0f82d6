package dev.braid.models;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;

/**
 * One micro-batch: sequences of equal length, row after row. All tensors are I32 [sequences * length].
 *
 * @param sequences number of sequences
 * @param length tokens of each
 * @param tokens inputs
 * @param labels the token that follows each input; {@link #IGNORED} where there is none to learn
 * @param positions position of each token in its sequence
 * @param documents index of the document within its sequence that each token belongs to
 * @param carried what layers have made of it for later ones, on the tape that runs
 * @param routing what mixtures of experts have to do with it
 */
public record Batch(
        int sequences,
        int length,
        Tensor tokens,
        Tensor labels,
        Tensor positions,
        Tensor documents,
        CarriedValues carried,
        MicrobatchRouting routing)
        implements AutoCloseable {
    /** Label of a token that does not count. */
    public static final int IGNORED = -100;

    /** Allocates a batch whose tensors are filled by the caller. */
    public static Batch allocate(Memory memory, int sequences, int length) {
        Shape shape = Shape.of((long) sequences * length);
        return new Batch(
                sequences,
                length,
                memory.zeros(Category.ACTIVATIONS, DType.I32, shape),
                memory.zeros(Category.ACTIVATIONS, DType.I32, shape),
                memory.zeros(Category.ACTIVATIONS, DType.I32, shape),
                memory.zeros(Category.ACTIVATIONS, DType.I32, shape),
                new CarriedValues(),
                MicrobatchRouting.alone());
    }

    /** The same tensors, beside which layers leave values in {@code other}. */
    Batch carrying(CarriedValues other) {
        return new Batch(sequences, length, tokens, labels, positions, documents, other, routing);
    }

    /** The same tensors with another view of what mixtures of experts have to do with them. */
    public Batch routed(MicrobatchRouting other) {
        return new Batch(sequences, length, tokens, labels, positions, documents, carried, other);
    }

    /** Copies sequence {@code index} in; all arrays have {@link #length} elements. */
    public void set(int index, int[] inputs, int[] targets, int[] places, int[] documentIds) {
        long from = (long) index * length;
        tokens.rows(from, length).setInts(inputs);
        labels.rows(from, length).setInts(targets);
        positions.rows(from, length).setInts(places);
        documents.rows(from, length).setInts(documentIds);
    }

    /** Gives the tensors back. */
    @Override
    public void close() {
        tokens.release();
        labels.release();
        positions.release();
        documents.release();
    }
}
