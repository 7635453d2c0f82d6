package dev.braid.config;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds what a misspelt word was probably meant to be. */
public final class Spelling {
    private Spelling() {}

    /**
     * The candidate nearest to {@code word}, if one is near enough to be a misspelling: one edit in a word of three to five
     * letters, a third of the letters in a longer one, none in a shorter one. Upper and lower case, {@code -} and {@code _} count as equal. Ties go to the first.
     */
    public static Optional<String> nearest(String word, Collection<String> candidates) {
        String wanted = folded(word);
        String best = null;
        int bestDistance = (wanted.length() < 3 ? 0 : Math.max(1, wanted.length() / 3)) + 1;
        for (String candidate : candidates) {
            int distance = distance(wanted, folded(candidate));
            if (distance < bestDistance) {
                best = candidate;
                bestDistance = distance;
            }
        }
        return Optional.ofNullable(best);
    }

    /** {@code did you mean 'warmup'?}, or nothing when no candidate is near. */
    public static String hint(String word, Collection<String> candidates) {
        return nearest(word, candidates)
                .map(candidate -> "did you mean '" + candidate + "'?")
                .orElse("");
    }

    /** Edits (insertion, deletion, substitution, swap of neighbours) that turn one word into the other. */
    static int distance(String left, String right) {
        int[][] edits = new int[left.length() + 1][right.length() + 1];
        for (int i = 0; i <= left.length(); i++) {
            for (int j = 0; j <= right.length(); j++) {
                edits[i][j] = edits(edits, left, right, i, j);
            }
        }
        return edits[left.length()][right.length()];
    }

    private static int edits(int[][] edits, String left, String right, int i, int j) {
        if (i == 0 || j == 0) {
            return i + j;
        }
        int substituted = edits[i - 1][j - 1] + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
        int least = Math.min(substituted, Math.min(edits[i - 1][j], edits[i][j - 1]) + 1);
        boolean swapped = i > 1
                && j > 1
                && left.charAt(i - 1) == right.charAt(j - 2)
                && left.charAt(i - 2) == right.charAt(j - 1);
        return swapped ? Math.min(least, edits[i - 2][j - 2] + 1) : least;
    }

    private static String folded(String word) {
        return word.toLowerCase(Locale.ROOT).replace('-', '_');
    }
}
