package dev.braid.checkpoint.huggingface;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A matrix is read as its transpose, whatever range is asked for and however little of it is kept. */
class TurningTest {
    private final List<Long> reads = new ArrayList<>();

    @Test
    void shouldGiveTheTransposeOfAMatrix() throws IOException {
        // 1 2 3
        // 4 5 6
        assertThat(turned(new Turning(), array(2, 3, 1), 0, 6, 1, 2, 3, 4, 5, 6))
                .containsExactly(1, 4, 2, 5, 3, 6);
    }

    @Test
    void shouldGiveAnyRangeOfTheTranspose() throws IOException {
        assertThat(turned(new Turning(), array(2, 3, 1), 1, 4, 1, 2, 3, 4, 5, 6))
                .containsExactly(4, 2, 5, 3);
    }

    /** Pairs of rows become halves: what rotary positions of neighbouring columns need. */
    @Test
    void shouldKeepTheOrderWithinRuns() throws IOException {
        // Rows a0 b0 a1 b1 a2 b2, each of two columns, as [3, 2, 2].
        assertThat(turned(new Turning(), array(3, 2, 2), 0, 12, 1, 2, 11, 12, 3, 4, 13, 14, 5, 6, 15, 16))
                .containsExactly(1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16);
        assertThat(turned(new Turning(), array(3, 2, 2), 5, 4, 1, 2, 11, 12, 3, 4, 13, 14, 5, 6, 15, 16))
                .containsExactly(6, 11, 12, 13);
    }

    @Test
    void shouldReadEachColumnOnceWhenOnlyOneFits() throws IOException {
        try (Turning turning = new Turning(1)) {
            assertThat(turned(turning, array(2, 3, 1), 0, 6, 1, 2, 3, 4, 5, 6)).containsExactly(1, 4, 2, 5, 3, 6);
        }
        // First elements of the reads: both rows of the first column, then of the second and of the third.
        assertThat(reads).containsExactly(0L, 3L, 1L, 4L, 2L, 5L);
    }

    @Test
    void shouldNotTakeOneMatrixForAnother() throws IOException {
        try (Turning turning = new Turning()) {
            assertThat(turned(turning, new Turning.Array("one", 1, 2, 1, 4), 0, 2, 1, 2))
                    .containsExactly(1, 2);
            assertThat(turned(turning, new Turning.Array("other", 1, 2, 1, 4), 0, 2, 3, 4))
                    .containsExactly(3, 4);
        }
    }

    @Test
    void shouldTurnElementsOfTwoBytes() throws IOException {
        short[] values = {1, 2, 3, 4, 5, 6};
        short[] target = new short[6];
        try (Turning turning = new Turning()) {
            turning.read(
                    new Turning.Array("matrix", 2, 3, 1, 2),
                    (from, count, into) ->
                            MemorySegment.copy(MemorySegment.ofArray(values), from * 2, into, 0, count * 2),
                    0,
                    6,
                    MemorySegment.ofArray(target));
        }
        assertThat(target).containsExactly(1, 4, 2, 5, 3, 6);
    }

    private static Turning.Array array(long a, long b, long c) {
        return new Turning.Array("matrix", a, b, c, 4);
    }

    private int[] turned(Turning turning, Turning.Array array, long from, int count, int... values) throws IOException {
        MemorySegment target = MemorySegment.ofArray(new int[count]);
        turning.read(
                array,
                (first, length, into) -> {
                    reads.add(first);
                    MemorySegment.copy(MemorySegment.ofArray(values), first * 4, into, 0, length * 4);
                },
                from,
                count,
                target);
        return target.toArray(ValueLayout.JAVA_INT);
    }
}
