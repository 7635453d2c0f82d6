package dev.braid.checkpoint;

import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Random divisions of a tensor: some bands, each cut into some ranges, any of which may be empty. */
final class RandomLayout {
    private RandomLayout() {}

    /** Parts that together are all of a tensor of {@code shape}. */
    static List<Part> of(Shape shape, int mostBands, int mostRanges, Random random) {
        List<Part> parts = new ArrayList<>();
        long[] columns = cuts(shape.columns(), 1 + random.nextInt(mostBands), random);
        for (int i = 1; i < columns.length; i++) {
            Band band = new Band(columns[i - 1], columns[i] - columns[i - 1]);
            long[] elements = cuts(band.count(shape), 1 + random.nextInt(mostRanges), random);
            for (int j = 1; j < elements.length; j++) {
                parts.add(new Part(band, elements[j - 1], elements[j]));
            }
        }
        return parts;
    }

    private static long[] cuts(long length, int pieces, Random random) {
        long[] cuts = random.longs(pieces + 1L, 0, length + 1).sorted().toArray();
        cuts[0] = 0;
        cuts[pieces] = length;
        return cuts;
    }
}
