package dev.braid.tensor.recurrence;

/**
 * How a recurrence runs. Sequence {@code b} owns token rows {@code b * length} until {@code (b + 1) * length}.
 *
 * @param batch independent sequences
 * @param length tokens of a sequence
 * @param chunk tokens that are taken through matrix products at once, 1 to {@value #MAXIMUM_CHUNK}; results differ only by
 *     rounding. A chunk also ends where a document does
 * @param saveEvery chunks from one state that forward saves for backward to the next; backward computes those between again
 * @param read which state a token reads
 */
public record RecurrenceSpec(int batch, int length, int chunk, int saveEvery, Read read) {
    /** The longest chunk. */
    public static final int MAXIMUM_CHUNK = 128;

    private static final int USUAL_CHUNK = 64;
    private static final int USUAL_SAVE_EVERY = 4;

    /** Checks that the extents are possible. */
    public RecurrenceSpec {
        atLeastOne("batch", batch);
        atLeastOne("length", length);
        atLeastOne("saveEvery", saveEvery);
        if (chunk < 1 || chunk > MAXIMUM_CHUNK) {
            throw new IllegalArgumentException(
                    "recurrence chunk must be from 1 to " + MAXIMUM_CHUNK + " tokens but is " + chunk);
        }
    }

    /** Chunks of 64 tokens, every fourth state saved, read after the write. */
    public static RecurrenceSpec of(int batch, int length) {
        return new RecurrenceSpec(batch, length, USUAL_CHUNK, USUAL_SAVE_EVERY, Read.AFTER_WRITE);
    }

    /** The same with another chunk. */
    public RecurrenceSpec withChunk(int tokens) {
        return new RecurrenceSpec(batch, length, tokens, saveEvery, read);
    }

    /** The same with another read. */
    public RecurrenceSpec withRead(Read other) {
        return new RecurrenceSpec(batch, length, chunk, saveEvery, other);
    }

    private static void atLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException("recurrence " + name + " must be at least 1 but is " + value);
        }
    }
}
