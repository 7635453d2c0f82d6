package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Figures that every rank of an expert axis tells every other, before what they count. */
final class RankFigures {
    private RankFigures() {}

    /**
     * Tells and hears them.
     *
     * @param mine each a figure for every rank
     * @return each of the figures from every rank
     */
    static List<int[]> exchange(Tape tape, List<int[]> mine) {
        int ranks = tape.experts().ranks();
        int count = mine.size();
        Tensor sent = room(tape, ranks, count);
        for (int i = 0; i < ranks * count; i++) {
            sent.setInt(i, mine.get(i % count)[i / count]);
        }
        int[] ones = new int[ranks];
        Arrays.fill(ones, 1);
        Tensor heard = new RowExchange(tape, room(tape, ranks, count))
                .start(sent, ones, ones)
                .await();
        List<int[]> theirs = mine.stream().map(figure -> new int[ranks]).toList();
        for (int i = 0; i < ranks * count; i++) {
            theirs.get(i % count)[i / count] = heard.getInt(i);
        }
        heard.release();
        return theirs;
    }

    private static Tensor room(Tape tape, int ranks, int figures) {
        return tape.compute().memory().allocate(Category.COMMUNICATION, DType.I32, Shape.of(ranks, figures));
    }
}
