package dev.braid.parallelism.mesh;

import java.util.List;
import java.util.stream.Collectors;

/** Rank numbers as text. */
final class Ranks {
    private static final int MOST = 8;

    private Ranks() {}

    /** For example {@code 0, 2, 4, 6}; the middle of a long list is left out. */
    static String text(List<Integer> ranks) {
        if (ranks.size() <= MOST) {
            return join(ranks);
        }
        return join(ranks.subList(0, MOST / 2)) + ", ..., " + ranks.getLast();
    }

    private static String join(List<Integer> ranks) {
        return ranks.stream().map(rank -> Integer.toString(rank)).collect(Collectors.joining(", "));
    }
}
