package dev.braid.data.tokenizer;

import java.util.Map;

/**
 * The tables of a byte-level BPE. Immutable once made; any thread may read.
 *
 * @param tokens bytes of each id; null where an id is not used
 * @param byteIds id of each byte
 * @param ranks rank of each pair that merges; a lower rank merges first
 * @param merged id that a merge makes, by rank
 * @param wholeWords ids of the words that are taken whole before any merge is tried ({@code ignore_merges}); null without
 */
record BpeModel(byte[][] tokens, int[] byteIds, PairTable ranks, int[] merged, Map<String, Integer> wholeWords) {
    /** Number of ids. */
    int size() {
        return tokens.length;
    }
}
