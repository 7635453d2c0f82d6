package dev.braid.models;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;

/**
 * What the modules of multi-token prediction read and are to answer: at position i module k (from 1) reads token {@code i + k}
 * and is to predict token {@code i + k + 1} (DeepSeek-V3, arXiv 2412.19437, equations 21 to 25). Rows of arrays are the positions of
 * one sequence, where {@code labels[i]} is token {@code i + 1}.
 */
public final class FutureTokens {
    /** Stands where the sequence has ended. Nothing that follows from it counts. */
    private static final int NO_TOKEN = 0;

    private FutureTokens() {}

    /** The tokens {@code ahead} places after each of {@code inputs}; 0 behind the end. */
    public static int[] tokens(int[] inputs, int ahead) {
        int[] tokens = new int[inputs.length];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = i + ahead < inputs.length ? inputs[i + ahead] : NO_TOKEN;
        }
        return tokens;
    }

    /**
     * The labels {@code ahead} places after each of {@code labels}; {@link Batch#IGNORED} behind the end of the sequence, where the
     * label there is ignored, and where the token that it is lies in another document. The last label of a sequence, whose document
     * nobody names, belongs to that of the token before it.
     */
    public static int[] labels(int[] labels, int[] documents, int ahead) {
        int[] shifted = new int[labels.length];
        for (int i = 0; i < shifted.length; i++) {
            int answer = i + ahead;
            int document = Math.min(answer + 1, labels.length - 1);
            boolean counts = answer < labels.length && documents[document] == documents[i];
            shifted[i] = counts ? labels[answer] : Batch.IGNORED;
        }
        return shifted;
    }

    /** How many of them count. */
    public static long valid(int[] labels, int[] documents, int ahead) {
        long valid = 0;
        for (int label : labels(labels, documents, ahead)) {
            valid += label == Batch.IGNORED ? 0 : 1;
        }
        return valid;
    }

    /** {@link #tokens} of a micro-batch, I32 [sequences * length]. The caller releases it. */
    static Tensor tokens(Compute compute, Batch batch, int ahead) {
        int[][] sequences = new int[batch.sequences()][];
        for (int s = 0; s < sequences.length; s++) {
            sequences[s] = tokens(row(batch, batch.tokens(), s), ahead);
        }
        return tensor(compute, batch, sequences);
    }

    /** {@link #labels} of a micro-batch, I32 [sequences * length]. The caller releases it. */
    static Tensor labels(Compute compute, Batch batch, int ahead) {
        int[][] sequences = new int[batch.sequences()][];
        for (int s = 0; s < sequences.length; s++) {
            sequences[s] = labels(row(batch, batch.labels(), s), row(batch, batch.documents(), s), ahead);
        }
        return tensor(compute, batch, sequences);
    }

    /** How many labels of a micro-batch count for the module {@code ahead}. */
    static long valid(Batch batch, int ahead) {
        long valid = 0;
        for (int s = 0; s < batch.sequences(); s++) {
            valid += valid(row(batch, batch.labels(), s), row(batch, batch.documents(), s), ahead);
        }
        return valid;
    }

    private static int[] row(Batch batch, Tensor tensor, int sequence) {
        int[] values = new int[batch.length()];
        long from = (long) sequence * batch.length();
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.getInt(from + i);
        }
        return values;
    }

    private static Tensor tensor(Compute compute, Batch batch, int[][] sequences) {
        Tensor tensor = compute.memory()
                .allocate(Category.ACTIVATIONS, DType.I32, batch.tokens().shape());
        for (int s = 0; s < sequences.length; s++) {
            tensor.rows((long) s * batch.length(), batch.length()).setInts(sequences[s]);
        }
        return tensor;
    }
}
