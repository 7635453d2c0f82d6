package dev.braid.checkpoint.huggingface;

import java.util.OptionalInt;

/**
 * What must be known of a Llama-style model to write or read it as a Hugging Face folder. Rotary embedding turns the
 * halves of a head against each other, as transformers does.
 *
 * @param vocab number of token ids
 * @param dim width of the residual stream
 * @param layers number of blocks
 * @param heads query heads
 * @param kvHeads key and value heads; divides {@code heads}
 * @param headSize width of a head; even
 * @param hidden width of the feed-forward
 * @param context longest sequence in tokens
 * @param ropeBase base of the rotary frequencies
 * @param normEpsilon epsilon of every RMSNorm
 * @param tied true when the head is the embedding
 * @param qkvBias true when the query, key and value projections have biases
 * @param qkNorm true when queries and keys are normalised per head
 * @param eos id of the end-of-text token
 * @param bos id of the begin-of-text token
 */
public record LlamaShape(
        int vocab,
        int dim,
        int layers,
        int heads,
        int kvHeads,
        int headSize,
        int hidden,
        int context,
        double ropeBase,
        double normEpsilon,
        boolean tied,
        boolean qkvBias,
        boolean qkNorm,
        OptionalInt eos,
        OptionalInt bos) {
    /** Refuses extents that no model can have. */
    public LlamaShape {
        requirePositive("vocab", vocab);
        requirePositive("dim", dim);
        requirePositive("layers", layers);
        requirePositive("heads", heads);
        requirePositive("kvHeads", kvHeads);
        requirePositive("headSize", headSize);
        requirePositive("hidden", hidden);
        requirePositive("context", context);
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException(heads + " heads cannot share " + kvHeads
                    + " key and value heads: the second must divide the first");
        }
        if (headSize % 2 != 0) {
            throw new IllegalArgumentException("a head of " + headSize + " cannot be rotated: its size must be even");
        }
        if (!(ropeBase > 0) || !(normEpsilon > 0)) {
            throw new IllegalArgumentException("the rotary base " + ropeBase + " and the norm's epsilon " + normEpsilon
                    + " must be greater than 0");
        }
        requireToken("eos", eos, vocab);
        requireToken("bos", bos, vocab);
    }

    private static void requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be 1 or more, not " + value);
        }
    }

    private static void requireToken(String name, OptionalInt id, int vocab) {
        if (id.isPresent() && (id.getAsInt() < 0 || id.getAsInt() >= vocab)) {
            throw new IllegalArgumentException(
                    "the " + name + " token " + id.getAsInt() + " is not in a vocabulary of " + vocab);
        }
    }
}
