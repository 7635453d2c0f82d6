package dev.braid.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.data.DataException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class BpeTrainerTest {
    private static Tokenizer train(int vocabulary, Object... wordsAndCounts) {
        List<byte[]> words = new ArrayList<>();
        long[] counts = new long[wordsAndCounts.length / 2];
        for (int index = 0; index < counts.length; index++) {
            words.add(((String) wordsAndCounts[2 * index]).getBytes(StandardCharsets.UTF_8));
            counts[index] = (Integer) wordsAndCounts[2 * index + 1];
        }
        return BpeTrainer.train(words, counts, vocabulary, tokens -> {});
    }

    private static String token(Tokenizer tokenizer, int id) {
        return tokenizer.decode(new int[] {id});
    }

    /** The example of Sennrich et al. (2016): low 5, lower 2, newest 6, widest 3. Ties go to the pair of smaller ids. */
    @Test
    void shouldMergeTheMostFrequentPairWhenTrainedOnThePapersWords() {
        Tokenizer tokenizer = train(263, "low", 5, "lower", 2, "newest", 6, "widest", 3);
        // es 9, st 9: (e,s) is smaller. Then est 9. lo 7, ow 7: (l,o) is smaller. Then low 7. Then ew, we(st), ne 6:
        // (e,w).
        assertThat(token(tokenizer, 256)).isEqualTo("es");
        assertThat(token(tokenizer, 257)).isEqualTo("est");
        assertThat(token(tokenizer, 258)).isEqualTo("lo");
        assertThat(token(tokenizer, 259)).isEqualTo("low");
        assertThat(token(tokenizer, 260)).isEqualTo("ew");
        assertThat(token(tokenizer, 261)).isEqualTo("new");
        assertThat(tokenizer.endOfText()).isEqualTo(262);
        assertThat(tokenizer.size()).isEqualTo(263);
        assertThat(tokenizer.encode("lowest")).containsExactly(259, 257);
    }

    @Test
    void shouldCountOverlapsLeftToRightWhenLettersRepeat() {
        Tokenizer tokenizer = train(259, "aaaaa", 4);
        // aa comes 4 times a word; then the word is aa aa a, and of (aa,aa) and (aa,a) the second has the smaller right
        // id.
        assertThat(token(tokenizer, 256)).isEqualTo("aa");
        assertThat(token(tokenizer, 257)).isEqualTo("aaa");
        assertThat(tokenizer.encode("aaaaa")).containsExactly(256, 257);
    }

    @Test
    void shouldNameTheLargestVocabularyWhenTheTextIsTooShort() {
        assertThatThrownBy(() -> train(4096, "ab", 3, "cd", 1))
                .isInstanceOf(DataException.class)
                .hasMessage(
                        "the sources hold only enough text for a vocabulary of 258, not 4096; set data.tokenizer.vocab to 258"
                                + " or less, add text, or use the byte tokenizer");
    }

    @Test
    void shouldGiveTheSameWhenWordsComeInAnotherOrder() {
        Tokenizer forward = train(262, "low", 5, "lower", 2, "newest", 6, "widest", 3);
        Tokenizer backward = train(262, "widest", 3, "newest", 6, "lower", 2, "low", 5);
        assertThat(backward.files().get(TokenizerJson.FILE))
                .isEqualTo(forward.files().get(TokenizerJson.FILE));
    }

    @Test
    void shouldEqualCountingAfreshWhenWordsAreRandom() {
        long seed = 31;
        Random random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            Map<String, Integer> counts = new TreeMap<>();
            for (int word = 0; word < 60; word++) {
                StringBuilder text = new StringBuilder();
                for (int index = random.nextInt(12); index >= 0; index--) {
                    text.append("abcd".charAt(random.nextInt(4)));
                }
                counts.merge(text.toString(), 1 + random.nextInt(9), Integer::sum);
            }
            Object[] flat = counts.entrySet().stream()
                    .flatMap(entry -> java.util.stream.Stream.of(entry.getKey(), entry.getValue()))
                    .toArray();
            Tokenizer tokenizer = train(257 + 30, flat);
            List<String> tokens = new ArrayList<>();
            for (int id = 256; id < 256 + 30; id++) {
                tokens.add(token(tokenizer, id));
            }
            assertThat(tokens).as("seed %d, round %d", seed, round).isEqualTo(naive(counts, 30));
        }
    }

    /** Counts all pairs again before every merge. */
    private static List<String> naive(Map<String, Integer> counts, int merges) {
        List<String> tokens = new ArrayList<>();
        for (int value = 0; value < 256; value++) {
            tokens.add(String.valueOf((char) value));
        }
        Map<String, List<Integer>> words = new HashMap<>();
        counts.keySet()
                .forEach(word ->
                        words.put(word, new ArrayList<>(word.chars().boxed().toList())));
        while (tokens.size() < 256 + merges) {
            Map<List<Integer>, Integer> pairs = new HashMap<>();
            words.forEach((text, ids) -> {
                for (int index = 0; index + 1 < ids.size(); index++) {
                    pairs.merge(List.of(ids.get(index), ids.get(index + 1)), counts.get(text), Integer::sum);
                }
            });
            List<Integer> best = pairs.keySet().stream()
                    .min((one, two) -> {
                        int byCount = Integer.compare(pairs.get(two), pairs.get(one));
                        return byCount != 0 ? byCount : Arrays.compare(ints(one), ints(two));
                    })
                    .orElseThrow();
            String joined = tokens.get(best.get(0)) + tokens.get(best.get(1));
            int id = tokens.indexOf(joined);
            if (id < 0) {
                id = tokens.size();
                tokens.add(joined);
            }
            for (List<Integer> ids : words.values()) {
                for (int index = 0; index + 1 < ids.size(); index++) {
                    if (ids.get(index).equals(best.get(0)) && ids.get(index + 1).equals(best.get(1))) {
                        ids.set(index, id);
                        ids.remove(index + 1);
                    }
                }
            }
        }
        return tokens.subList(256, tokens.size());
    }

    private static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }

    @Test
    void shouldCountWordsAsTheSplitterCutsThemWhenDocumentsAreAdded() {
        WordCounter counter = new WordCounter();
        byte[] text = "a b a\u00e9 b".getBytes(StandardCharsets.UTF_8);
        counter.add(text, text.length);
        Map<String, Long> words = new HashMap<>();
        counter.forEach(words::put);
        assertThat(words).isEqualTo(Map.of("a", 1L, " b", 2L, " a\u00c3\u00a9", 1L));
    }
}
