package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Which token a module of multi-token prediction reads at each position, and which one it is to predict. */
class FutureTokensTest {
    /** The text 10 11 12 13 14 15 as five inputs with the token that follows each. */
    private static final int[] INPUTS = {10, 11, 12, 13, 14};

    private static final int[] LABELS = {11, 12, 13, 14, 15};
    private static final int[] ONE_DOCUMENT = new int[5];
    private static final int NONE = Batch.IGNORED;

    @Test
    void shouldReadTheNextTokenAndPredictTheOneAfterIt() {
        assertThat(FutureTokens.tokens(INPUTS, 1)).containsExactly(11, 12, 13, 14, 0);
        assertThat(FutureTokens.labels(LABELS, ONE_DOCUMENT, 1)).containsExactly(12, 13, 14, 15, NONE);
        assertThat(FutureTokens.valid(LABELS, ONE_DOCUMENT, 1)).isEqualTo(4);
    }

    @Test
    void shouldGoOnePlaceFurtherInTheSecondModule() {
        assertThat(FutureTokens.tokens(INPUTS, 2)).containsExactly(12, 13, 14, 0, 0);
        assertThat(FutureTokens.labels(LABELS, ONE_DOCUMENT, 2)).containsExactly(13, 14, 15, NONE, NONE);
    }

    @Test
    void shouldNotPredictTokensOfTheNextDocument() {
        // 10 11 12 | 13 14 15: the answers 12 to position 0, and 15 to position 3, stay in their documents.
        int[] documents = {0, 0, 0, 1, 1};

        assertThat(FutureTokens.labels(LABELS, documents, 1)).containsExactly(12, NONE, NONE, 15, NONE);
        assertThat(FutureTokens.valid(LABELS, documents, 1)).isEqualTo(2);
    }

    @Test
    void shouldNotPredictWhatIsNotToBeLearned() {
        int[] labels = {NONE, NONE, 13, 14, NONE};

        assertThat(FutureTokens.labels(labels, ONE_DOCUMENT, 1)).containsExactly(NONE, 13, 14, NONE, NONE);
    }

    @Test
    void shouldPredictNothingFurtherAheadThanTheSequenceIsLong() {
        assertThat(FutureTokens.labels(LABELS, ONE_DOCUMENT, 5)).containsOnly(NONE);
        assertThat(FutureTokens.tokens(INPUTS, 7)).containsOnly(0);
    }
}
