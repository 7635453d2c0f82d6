package dev.braid.data.tokenizer;

import dev.braid.data.DataException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.IntConsumer;

/**
 * Learns merges from counted words (Sennrich, Haddow, Birch, 2016): again and again the most frequent pair of neighbours becomes a
 * token. Of equally frequent pairs the one with the smaller left id, then the smaller right id, is taken, so that the result is a
 * function of the counts alone. Pair counts are kept up to date from the words that a merge touches. For one thread.
 */
public final class BpeTrainer {
    private static final int BYTES = 256;
    private static final long LEAST_COUNT = 2;

    private final List<int[]> words = new ArrayList<>();
    private final long[] counts;
    private final List<byte[]> tokens = new ArrayList<>();
    private final ByteKeyTable tokenIds = new ByteKeyTable(BYTES * 4);
    private final PairTable pairNumbers = new PairTable(1 << 14);
    private final List<Pair> pairs = new ArrayList<>();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>();

    private static final class Pair {
        private final long key;
        private long count;
        private int[] places = new int[4];
        private int placeCount;
        private boolean grown;

        Pair(long key) {
            this.key = key;
        }

        void addPlace(int word) {
            if (placeCount > 0 && places[placeCount - 1] == word) {
                return;
            }
            if (placeCount == places.length) {
                places = Arrays.copyOf(places, placeCount * 2);
            }
            places[placeCount++] = word;
        }
    }

    private record Candidate(long count, long key) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            int byCount = Long.compare(other.count, count);
            return byCount != 0 ? byCount : Long.compare(key, other.key);
        }
    }

    private BpeTrainer(List<byte[]> texts, long[] counts) {
        this.counts = counts;
        for (int value = 0; value < BYTES; value++) {
            addToken(new byte[] {(byte) value});
        }
        for (byte[] text : texts) {
            int[] word = new int[text.length];
            for (int index = 0; index < word.length; index++) {
                word[index] = text[index] & 0xFF;
            }
            count(words.size(), word, counts[words.size()]);
            words.add(word);
        }
        for (Pair pair : pairs) {
            queue.add(new Candidate(pair.count, pair.key));
        }
    }

    /**
     * Learns a tokenizer of exactly {@code vocabulary} ids: 256 bytes, merges, and the end of text as the last id.
     *
     * @param words distinct words
     * @param counts how often each comes
     * @param vocabulary at least 257
     * @param progress hears the number of tokens so far
     * @throws DataException when the words don't hold enough pairs that come twice, with the largest size that they do
     */
    public static Tokenizer train(List<byte[]> words, long[] counts, int vocabulary, IntConsumer progress) {
        List<Merge> merges = new BpeTrainer(words, counts).merges(vocabulary, progress);
        Map<String, byte[]> files = TokenizerWriter.files(merges);
        return TokenizerJson.parse(
                "the trained tokenizer", files.get(TokenizerJson.FILE), files.get(TokenizerJson.CONFIG_FILE));
    }

    private List<Merge> merges(int vocabulary, IntConsumer progress) {
        List<Merge> merges = new ArrayList<>();
        while (tokens.size() < vocabulary - 1) {
            Pair pair = mostFrequent();
            if (pair == null) {
                int most = tokens.size() + 1;
                throw new DataException("the sources hold only enough text for a vocabulary of " + most
                        + ", not " + vocabulary + "; set data.tokenizer.vocab to " + most
                        + " or less, add text, or use the byte tokenizer");
            }
            Merge merge = new Merge(tokens.get(PairTable.left(pair.key)), tokens.get(PairTable.right(pair.key)));
            merges.add(merge);
            join(pair, addToken(merge.joined()));
            progress.accept(tokens.size());
        }
        return merges;
    }

    /** Two different merges can make the same token, which then keeps its first id. */
    private int addToken(byte[] bytes) {
        int known = tokenIds.size();
        int id = tokenIds.findOrAdd(bytes, 0, bytes.length);
        if (id == known) {
            tokens.add(bytes);
        }
        return id;
    }

    private Pair mostFrequent() {
        while (!queue.isEmpty()) {
            Candidate candidate = queue.poll();
            Pair pair = pairs.get(pairNumbers.get(candidate.key));
            if (pair.count == candidate.count) {
                if (pair.count >= LEAST_COUNT) {
                    return pair;
                }
            } else if (pair.count >= LEAST_COUNT && pair.count < candidate.count) {
                queue.add(new Candidate(pair.count, pair.key));
            }
        }
        return null;
    }

    private void join(Pair pair, int joined) {
        int left = PairTable.left(pair.key);
        int right = PairTable.right(pair.key);
        List<Pair> grown = new ArrayList<>();
        for (int place = 0; place < pair.placeCount; place++) {
            int number = pair.places[place];
            int[] word = words.get(number);
            int[] shorter = joined(word, left, right, joined);
            if (shorter.length < word.length) {
                uncount(word, counts[number]);
                count(number, shorter, counts[number], joined, grown);
                words.set(number, shorter);
            }
        }
        pair.places = new int[0];
        pair.placeCount = 0;
        for (Pair one : grown) {
            one.grown = false;
            queue.add(new Candidate(one.count, one.key));
        }
    }

    private static int[] joined(int[] word, int left, int right, int joined) {
        int[] out = new int[word.length];
        int size = 0;
        for (int index = 0; index < word.length; index++) {
            if (index + 1 < word.length && word[index] == left && word[index + 1] == right) {
                out[size++] = joined;
                index++;
            } else {
                out[size++] = word[index];
            }
        }
        return size == word.length ? word : Arrays.copyOf(out, size);
    }

    private void uncount(int[] word, long count) {
        for (int index = 0; index + 1 < word.length; index++) {
            pair(PairTable.pair(word[index], word[index + 1])).count -= count;
        }
    }

    private void count(int number, int[] word, long count) {
        for (int index = 0; index + 1 < word.length; index++) {
            Pair pair = pair(PairTable.pair(word[index], word[index + 1]));
            pair.count += count;
            pair.addPlace(number);
        }
    }

    /** Counts a word again after a merge; only pairs with the new token have new places. */
    private void count(int number, int[] word, long count, int joined, List<Pair> grown) {
        for (int index = 0; index + 1 < word.length; index++) {
            Pair pair = pair(PairTable.pair(word[index], word[index + 1]));
            pair.count += count;
            if (word[index] == joined || word[index + 1] == joined) {
                pair.addPlace(number);
                if (!pair.grown) {
                    pair.grown = true;
                    grown.add(pair);
                }
            }
        }
    }

    private Pair pair(long key) {
        int number = pairNumbers.get(key);
        if (number == PairTable.NONE) {
            number = pairs.size();
            pairNumbers.put(key, number);
            pairs.add(new Pair(key));
        }
        return pairs.get(number);
    }
}
