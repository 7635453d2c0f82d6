package dev.braid.tensor.ops;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;

/**
 * Tokens as rows: sequence {@code s} has rows {@code s * length} until {@code (s + 1) * length}.
 *
 * @param count number of sequences
 * @param length tokens of each
 * @param documents I32 [count * length]: where a token's document differs from that of the token before it in its sequence, a
 *     document begins, to which nothing before it counts
 */
public record Sequences(int count, int length, Tensor documents) {
    /**
     * {@code count} sequences of equal length that have a document id for each token.
     *
     * @throws IllegalArgumentException when the tokens are no multiple of the sequences
     */
    public static Sequences of(int count, Tensor documents) {
        long tokens = documents.count();
        if (count < 1 || tokens % count != 0) {
            throw new IllegalArgumentException(
                    tokens + " tokens (document ids) can't be divided into " + count + " sequences of equal length");
        }
        return new Sequences(count, Math.toIntExact(tokens / count), documents);
    }

    /** Tokens of all sequences. */
    public int tokens() {
        return Math.multiplyExact(count, length);
    }

    /** The ids must be there, one for each of {@code rows} tokens. */
    void check(Check check, long rows) {
        check.require(
                tokens() == rows,
                count + " sequences of " + length + " tokens must have one row each, but there are " + rows + " rows");
        check.elements("documents", documents, DType.I32, rows);
    }

    /**
     * How many of the tokens just before a token are of its document, at most {@code most}. Those before the sequence, of which
     * there are {@code before}, count as of the document of its first token.
     */
    int reach(int sequence, int token, int before, int most) {
        long ids = documents.address() + (long) sequence * length * Integer.BYTES;
        int document = Addresses.getInt(ids, token);
        int reach = 0;
        while (reach < most && reach < token && Addresses.getInt(ids, token - reach - 1) == document) {
            reach++;
        }
        return reach < token ? reach : Math.min(most, reach + before);
    }

    /** Whether tokens {@code from} until {@code until} of a sequence are all in it, and of one document. */
    boolean oneDocument(int sequence, int from, int until) {
        if (from < 0 || until > length) {
            return false;
        }
        long ids = documents.address() + (long) sequence * length * Integer.BYTES;
        for (int token = from + 1; token < until; token++) {
            if (Addresses.getInt(ids, token) != Addresses.getInt(ids, token - 1)) {
                return false;
            }
        }
        return true;
    }
}
