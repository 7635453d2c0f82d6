package dev.braid.data;

/**
 * One training sample of {@code T} tokens; all arrays have that length.
 *
 * @param inputs the tokens: a run of one source's stream, or generated
 * @param labels the token that follows each input ({@code labels[t]} is the stream's token after {@code inputs[t]}), or of a generated
 *     sample the answer to it; {@link #IGNORED} where nothing is to be learned
 * @param positions place of each token in the sample, 0 to T-1, as attention across document borders needs
 * @param documents index of each token's document within the sample, from 0; an end-of-text token belongs to the document it ends
 */
public record Sample(int[] inputs, int[] labels, int[] positions, int[] documents) {
    /** Label of a token that does not count. */
    public static final int IGNORED = -100;
}
