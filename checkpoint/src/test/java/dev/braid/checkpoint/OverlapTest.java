package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The matrix [4, 6] with elements 0 until 24 and parts of it, by hand. */
class OverlapTest {
    private static final Band ALL = new Band(0, 6);

    @Test
    void shouldGiveOneRunBetweenEqualBands() {
        assertThat(runs(new Part(ALL, 2, 20), new Part(ALL, 9, 24))).containsExactly("9->9 x11");
        Band band = new Band(1, 2);
        assertThat(runs(new Part(band, 0, 4), new Part(band, 3, 8))).containsExactly("3->3 x1");
        assertThat(runs(new Part(band, 0, 4), new Part(band, 4, 8))).isEmpty();
    }

    @Test
    void shouldGiveTheRowsOfABandOutOfAllColumns() {
        // Columns 2 until 5 of rows 0 to 3 are elements 2, 8, 14 and 20 and the two behind each.
        assertThat(runs(new Part(ALL, 0, 24), new Part(new Band(2, 3), 0, 12)))
                .containsExactly("2->0 x3", "8->3 x3", "14->6 x3", "20->9 x3");
    }

    @Test
    void shouldCutTheFirstAndTheLastRowOfBothParts() {
        // Source: from row 1, column 3 to row 2, column 3. Target: the last of row 1's columns 2 until 5 and one of row
        // 2.
        assertThat(runs(new Part(ALL, 9, 16), new Part(new Band(2, 3), 4, 7))).containsExactly("9->4 x2", "14->6 x1");
    }

    @Test
    void shouldGiveWhatTwoBandsShare() {
        // Columns 0 until 4 and 2 until 6 share columns 2 and 3.
        assertThat(runs(new Part(new Band(0, 4), 0, 8), new Part(new Band(2, 4), 0, 16)))
                .containsExactly("2->0 x2", "6->4 x2");
        assertThat(runs(new Part(new Band(0, 2), 0, 8), new Part(new Band(2, 4), 0, 16)))
                .isEmpty();
    }

    @Test
    void shouldGiveOnlyTheRunsThatLieInAWindowOfTheSource() {
        Overlap overlap = new Overlap(new Part(ALL, 0, 24), new Part(new Band(2, 3), 0, 12));
        assertThat(runs(overlap, 3, 9)).containsExactly("3->1 x2", "8->3 x1");
        assertThat(runs(overlap, 5, 8)).isEmpty();
        assertThat(overlap.any(3, 9)).isTrue();
        assertThat(overlap.any(5, 8)).isFalse();
        assertThat(overlap.first()).isEqualTo(2);
        assertThat(overlap.end()).isEqualTo(23);
    }

    @Test
    void shouldAgreeWithALookAtEveryElement() {
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            int rows = random.nextInt(5);
            int columns = 1 + random.nextInt(7);
            Part source = part(random, rows, columns);
            Part target = part(random, rows, columns);
            Overlap overlap = new Overlap(source, target);
            long from = random.nextInt(10);
            long to = from + random.nextInt(30);
            List<String> expected = new ArrayList<>();
            for (long at = Math.max(from, source.from()); at < Math.min(to, source.to()); at++) {
                long width = source.band().columns();
                long column = source.band().first() + at % width - target.band().first();
                long inTarget = at / width * target.band().columns() + column;
                boolean shared = column >= 0 && column < target.band().columns();
                if (shared && inTarget >= target.from() && inTarget < target.to()) {
                    expected.add(at + "->" + inTarget);
                    assertThat(at).as("seed %d", seed).isBetween(overlap.first(), overlap.end() - 1);
                }
            }
            List<String> found = new ArrayList<>();
            overlap.runs(from, to, (first, second, count) -> {
                for (long i = 0; i < count; i++) {
                    found.add((first + i) + "->" + (second + i));
                }
            });
            assertThat(found).as("seed %d", seed).isEqualTo(expected);
            assertThat(overlap.any(from, to)).as("seed %d", seed).isEqualTo(!expected.isEmpty());
        }
    }

    private static Part part(Random random, int rows, int columns) {
        int first = random.nextInt(columns + 1);
        Band band = new Band(first, random.nextInt(columns - first + 1));
        long count = rows * band.columns();
        long from = random.nextLong(count + 1);
        return new Part(band, from, from + random.nextLong(count - from + 1));
    }

    private static List<String> runs(Part source, Part target) {
        return runs(new Overlap(source, target), 0, Long.MAX_VALUE);
    }

    private static List<String> runs(Overlap overlap, long from, long to) {
        List<String> runs = new ArrayList<>();
        overlap.runs(from, to, (source, target, count) -> runs.add(source + "->" + target + " x" + count));
        return runs;
    }
}
