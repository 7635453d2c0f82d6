package dev.braid.tensor.recurrence;

import dev.braid.tensor.kernels.Addresses;
import java.util.ArrayList;
import java.util.List;

/**
 * Consecutive tokens of one document.
 *
 * @param first token row of the first
 * @param length number of tokens, at most the spec's chunk
 * @param fresh the state is zero before it, as a document starts inside a sequence
 */
record Chunk(long first, int length, boolean fresh) {
    /** Marks the absence of documents. */
    static final long NO_DOCUMENTS = 0;

    /**
     * The chunks of one sequence, in order: as long as the spec says, shorter where a document or the sequence ends.
     *
     * @param documents address of the I32 document ids of all tokens, or {@link #NO_DOCUMENTS}
     */
    static List<Chunk> of(RecurrenceSpec spec, long documents, int sequence) {
        List<Chunk> chunks = new ArrayList<>();
        long start = (long) sequence * spec.length();
        long end = start + spec.length();
        for (long first = start; first < end; ) {
            long last = first + 1;
            while (last < end && last - first < spec.chunk() && !border(documents, last)) {
                last++;
            }
            chunks.add(new Chunk(first, (int) (last - first), first > start && border(documents, first)));
            first = last;
        }
        return chunks;
    }

    private static boolean border(long documents, long token) {
        return documents != NO_DOCUMENTS
                && Addresses.getInt(documents, token) != Addresses.getInt(documents, token - 1);
    }
}
