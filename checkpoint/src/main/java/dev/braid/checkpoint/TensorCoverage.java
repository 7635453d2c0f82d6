package dev.braid.checkpoint;

import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Puts the slices of one tensor in order: their bands must be all of its columns, each once, and the slices of a band all
 * of its elements, each once.
 */
final class TensorCoverage {
    private static final Comparator<Band> BY_COLUMN =
            Comparator.comparingLong(Band::first).thenComparingLong(Band::columns);
    private static final Comparator<Coverage.Stored> BY_ELEMENT = Comparator.comparingLong(
                    (Coverage.Stored stored) -> stored.slice().from())
            .thenComparingLong(stored -> stored.slice().to());

    private final String name;
    private final Shape shape;
    private final Faults faults;

    private TensorCoverage(String name, Shape shape, Faults faults) {
        this.name = name;
        this.shape = shape;
        this.faults = faults;
    }

    /** The tensor {@code name} of {@code slices}, of which there is at least one; what is wrong goes to {@code faults}. */
    static Coverage.Entry of(String name, List<Coverage.Stored> slices, Faults faults) {
        Slice first = slices.getFirst().slice();
        TensorCoverage tensor = new TensorCoverage(name, first.shape(), faults);
        if (!tensor.agree(slices)) {
            return new Coverage.Entry(first.dtype(), first.shape(), List.of());
        }
        return new Coverage.Entry(first.dtype(), first.shape(), tensor.bands(slices));
    }

    private boolean agree(List<Coverage.Stored> slices) {
        Slice first = slices.getFirst().slice();
        for (Coverage.Stored stored : slices) {
            Slice slice = stored.slice();
            if (slice.dtype() != first.dtype() || !slice.shape().equals(shape)) {
                faults.add(
                        name,
                        "one slice says " + first.dtype() + " " + shape + ", the one in " + stored.file() + " says "
                                + slice.dtype() + " " + slice.shape());
                return false;
            }
        }
        return true;
    }

    private List<Coverage.Columns> bands(List<Coverage.Stored> slices) {
        Map<Band, List<Coverage.Stored>> byBand = new TreeMap<>(BY_COLUMN);
        for (Coverage.Stored stored : slices) {
            // A slice without elements covers nothing, whatever its band.
            if (stored.slice().from() < stored.slice().to()) {
                byBand.computeIfAbsent(stored.slice().band(), band -> new ArrayList<>())
                        .add(stored);
            }
        }
        if (shape.count() > 0) {
            requireAllColumns(byBand);
        }
        List<Coverage.Columns> bands = new ArrayList<>();
        byBand.forEach((band, stored) -> {
            stored.sort(BY_ELEMENT);
            requireAllElements(band, stored);
            bands.add(new Coverage.Columns(band, List.copyOf(stored)));
        });
        return List.copyOf(bands);
    }

    private void requireAllColumns(Map<Band, List<Coverage.Stored>> byBand) {
        long at = 0;
        for (Map.Entry<Band, List<Coverage.Stored>> entry : byBand.entrySet()) {
            Band band = entry.getKey();
            String file = entry.getValue().getFirst().file();
            if (band.first() > at) {
                faults.add(name, "no slice has " + new Band(at, band.first() - at));
            } else if (band.first() < at) {
                faults.add(
                        name,
                        new Band(band.first(), Math.min(at, band.end()) - band.first()) + " are in two bands, one of "
                                + band + " in " + file);
            }
            at = Math.max(at, band.end());
        }
        if (at < shape.columns()) {
            faults.add(name, "no slice has " + new Band(at, shape.columns() - at));
        }
    }

    private void requireAllElements(Band band, List<Coverage.Stored> slices) {
        long at = 0;
        for (Coverage.Stored stored : slices) {
            Slice slice = stored.slice();
            if (slice.from() > at) {
                faults.add(name, "no slice has " + new Part(band, at, slice.from()).describe(shape));
            } else if (slice.from() < at) {
                Part twice = new Part(band, slice.from(), Math.min(at, slice.to()));
                faults.add(name, twice.describe(shape) + " are in two slices, one of them in " + stored.file());
            }
            at = Math.max(at, slice.to());
        }
        if (at < band.count(shape)) {
            faults.add(name, "no slice has " + new Part(band, at, band.count(shape)).describe(shape));
        }
    }
}
