package dev.braid.parallelism.sharding;

import dev.braid.tensor.ops.SquaredNorm;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How a unit's parameters lie one after the other in a flat buffer, and where that is cut over the ranks of the shard group. The
 * same order holds for gradients (F32 elements) and for values (bytes, since matrices and vectors may have different dtypes).
 * Cuts lie between parameters or between blocks of {@link SquaredNorm#BLOCK} elements of one, as near to equal shares as that
 * allows, so that sums of squares do not depend on the cut. Immutable.
 */
public final class UnitLayout {
    /** Weights start at multiples of so many bytes. */
    private static final int ALIGNMENT = 64;

    /** A run of one parameter: elements of the rank's part along the tensor axis. */
    public record Piece(Unit.Entry entry, long from, long count) {}

    /** A place in both buffers. */
    private record Place(long element, long at) {}

    private final Map<Weight, Place> weights = new HashMap<>();
    private final Map<Unit.Entry, Place> entries = new HashMap<>();
    private final List<List<Piece>> pieces = new ArrayList<>();
    private final long[] elementCounts;
    private final long[] byteCounts;
    private final long elements;
    private final long bytes;

    /** The layout of {@code unit} over {@code ranks}. */
    public UnitLayout(Unit unit, int ranks) {
        long element = 0;
        long at = 0;
        for (Weight weight : unit.weights()) {
            element = align(element, ALIGNMENT / Float.BYTES);
            at = align(at, ALIGNMENT);
            weights.put(weight, new Place(element, at));
            for (Unit.Entry entry : unit.entries()) {
                if (entry.weight() == weight) {
                    entries.put(entry, new Place(element, at));
                    long count = entry.part().shape().count();
                    element += count;
                    at += count * weight.dtype().bytes();
                }
            }
        }
        elements = element;
        bytes = at;
        List<Cut> cuts = cuts(unit, ranks);
        elementCounts = new long[ranks];
        byteCounts = new long[ranks];
        for (int rank = 0; rank < ranks; rank++) {
            Place first = place(cuts.get(rank));
            Place end = place(cuts.get(rank + 1));
            elementCounts[rank] = end.element - first.element;
            byteCounts[rank] = end.at - first.at;
            pieces.add(between(unit.entries(), cuts.get(rank), cuts.get(rank + 1)));
        }
    }

    /** Before element {@code from} of entry {@code index}; the entry behind the last one is the end. */
    private record Cut(List<Unit.Entry> entries, int index, long from) {}

    private List<Cut> cuts(Unit unit, int ranks) {
        List<Unit.Entry> all = unit.entries();
        long total = unit.count();
        List<Cut> cuts = new ArrayList<>();
        cuts.add(new Cut(all, 0, 0));
        int index = 0;
        long before = 0;
        for (int rank = 1; rank < ranks; rank++) {
            double target = (double) total * rank / ranks;
            while (index < all.size() && before + count(all.get(index)) <= target) {
                before += count(all.get(index));
                index++;
            }
            cuts.add(index == all.size() ? new Cut(all, index, 0) : nearest(all, index, target - before));
        }
        cuts.add(new Cut(all, all.size(), 0));
        return cuts;
    }

    /** The cut in or at an end of entry {@code index} that is nearest to its element {@code wanted}. */
    private static Cut nearest(List<Unit.Entry> all, int index, double wanted) {
        long count = count(all.get(index));
        long block = Math.round(wanted / SquaredNorm.BLOCK) * SquaredNorm.BLOCK;
        long last = (count - 1) / SquaredNorm.BLOCK * SquaredNorm.BLOCK;
        if (block > last) {
            return count - wanted <= wanted - last ? new Cut(all, index + 1, 0) : new Cut(all, index, last);
        }
        return count - wanted < Math.abs(wanted - block) ? new Cut(all, index + 1, 0) : new Cut(all, index, block);
    }

    private Place place(Cut cut) {
        if (cut.index == cut.entries.size()) {
            return new Place(elements, bytes);
        }
        Unit.Entry entry = cut.entries.get(cut.index);
        Place start = entries.get(entry);
        return new Place(
                start.element + cut.from,
                start.at + cut.from * entry.weight().dtype().bytes());
    }

    private static List<Piece> between(List<Unit.Entry> all, Cut first, Cut end) {
        List<Piece> pieces = new ArrayList<>();
        for (int i = first.index; i < all.size() && i <= end.index; i++) {
            long from = i == first.index ? first.from : 0;
            long to = i == end.index ? end.from : count(all.get(i));
            if (to > from) {
                pieces.add(new Piece(all.get(i), from, to - from));
            }
        }
        return List.copyOf(pieces);
    }

    private static long count(Unit.Entry entry) {
        return entry.part().shape().count();
    }

    private static long align(long value, long unit) {
        return (value + unit - 1) / unit * unit;
    }

    /** Elements of the gradient buffer. */
    public long elements() {
        return elements;
    }

    /** Bytes of the buffer of values. */
    public long bytes() {
        return bytes;
    }

    /** Elements of the gradient buffer that each rank of the shard group holds. */
    public long[] elementCounts() {
        return elementCounts.clone();
    }

    /** Bytes of the values that each rank of the shard group holds. */
    public long[] byteCounts() {
        return byteCounts.clone();
    }

    /** First element of {@code rank}. */
    public long firstElement(int rank) {
        return sum(elementCounts, rank);
    }

    /** First byte of {@code rank}. */
    public long firstByte(int rank) {
        return sum(byteCounts, rank);
    }

    private static long sum(long[] counts, int until) {
        long sum = 0;
        for (int i = 0; i < until; i++) {
            sum += counts[i];
        }
        return sum;
    }

    /** What {@code rank} holds. */
    public List<Piece> pieces(int rank) {
        return pieces.get(rank);
    }

    /** First element of {@code weight} in the gradient buffer. */
    public long elementOf(Weight weight) {
        return weights.get(weight).element;
    }

    /** First byte of {@code weight} in the buffer of values. */
    public long byteOf(Weight weight) {
        return weights.get(weight).at;
    }

    /** Element {@code from} of {@code entry} in the gradient buffer. */
    public long elementOf(Unit.Entry entry, long from) {
        return entries.get(entry).element + from;
    }

    /** Element {@code from} of {@code entry} in the buffer of values: its first byte. */
    public long byteOf(Unit.Entry entry, long from) {
        return entries.get(entry).at + from * entry.weight().dtype().bytes();
    }
}
