package dev.braid.checkpoint;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All slices of a checkpoint by tensor: the same for the coordinator, which refuses to commit what is not whole, and
 * for the reader.
 *
 * @param tensors by global name, in the order in which they were written
 */
record Coverage(Map<String, Entry> tensors) {
    /** A tensor and its bands, which together are all of its columns; none for a tensor without elements. */
    record Entry(DType dtype, Shape shape, List<Columns> bands) {}

    /** A band and its slices, ascending and without gaps. */
    record Columns(Band band, List<Stored> slices) {
        /** The slices from the one with element {@code from} on. */
        List<Stored> since(long from) {
            int low = 0;
            int high = slices.size();
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (slices.get(middle).slice().to() > from) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            return slices.subList(low, slices.size());
        }
    }

    /** A slice and the name of its file. */
    record Stored(String file, Slice slice) {}

    /**
     * Gathers the slices of all {@code files}. Throws {@link InvalidFileException} that names each tensor that is not
     * whole, with the columns and elements that are missing or there twice.
     */
    static Coverage of(List<SliceFile> files) throws InvalidFileException {
        Faults faults = new Faults();
        Map<String, List<Stored>> slices = new LinkedHashMap<>();
        for (SliceFile file : files) {
            for (Slice slice : file.slices()) {
                SliceRules.check(file, slice, faults);
                slices.computeIfAbsent(slice.tensor(), name -> new ArrayList<>())
                        .add(new Stored(file.name(), slice));
            }
        }
        faults.raise();
        Map<String, Entry> tensors = new LinkedHashMap<>();
        slices.forEach((name, stored) -> tensors.put(name, TensorCoverage.of(name, stored, faults)));
        faults.raise();
        return new Coverage(Collections.unmodifiableMap(tensors));
    }
}
