package dev.braid.checkpoint;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
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
    /** A tensor and its slices, ascending and without gaps. */
    record Entry(DType dtype, Shape shape, List<Part> parts) {}

    /** A slice and the name of its file. */
    record Part(String file, Slice slice) {}

    /**
     * Gathers the slices of all {@code files}. Throws {@link InvalidFileException} that names the tensor that is not
     * whole.
     */
    static Coverage of(List<SliceFile> files) throws InvalidFileException {
        Map<String, List<Part>> parts = new LinkedHashMap<>();
        for (SliceFile file : files) {
            for (Slice slice : file.slices()) {
                requireInside(file, slice);
                parts.computeIfAbsent(slice.tensor(), name -> new ArrayList<>()).add(new Part(file.name(), slice));
            }
        }
        Map<String, Entry> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, List<Part>> entry : parts.entrySet()) {
            tensors.put(entry.getKey(), whole(entry.getKey(), entry.getValue()));
        }
        return new Coverage(Collections.unmodifiableMap(tensors));
    }

    private static void requireInside(SliceFile file, Slice slice) throws InvalidFileException {
        boolean inTensor = slice.from() >= 0
                && slice.from() <= slice.to()
                && slice.to() <= slice.shape().count();
        if (!inTensor) {
            throw fault(
                    slice.tensor(),
                    "elements " + slice.from() + " until " + slice.to() + " in " + file.name() + " are no range of "
                            + slice.dtype() + " " + slice.shape());
        }
        if (slice.offset() < 0 || slice.offset() > file.bytes() - slice.bytes()) {
            throw fault(
                    slice.tensor(),
                    "its " + slice.bytes() + " bytes at " + slice.offset() + " are not inside " + file.name() + " of "
                            + file.bytes() + " bytes");
        }
        if (slice.checksums().size() != Checksums.count(slice.bytes())) {
            throw fault(
                    slice.tensor(),
                    "its " + slice.bytes() + " bytes in " + file.name() + " must have " + Checksums.count(slice.bytes())
                            + " checksums, not " + slice.checksums().size());
        }
    }

    private static Entry whole(String name, List<Part> parts) throws InvalidFileException {
        Slice first = parts.getFirst().slice();
        parts.sort(Comparator.comparingLong((Part part) -> part.slice().from())
                .thenComparingLong(part -> part.slice().to()));
        long at = 0;
        for (Part part : parts) {
            Slice slice = part.slice();
            if (slice.dtype() != first.dtype() || !slice.shape().equals(first.shape())) {
                throw fault(
                        name,
                        "one slice says " + first.dtype() + " " + first.shape() + ", the one in " + part.file()
                                + " says " + slice.dtype() + " " + slice.shape());
            }
            if (slice.from() != at) {
                throw fault(
                        name,
                        slice.from() > at
                                ? "no slice has elements " + at + " until " + slice.from()
                                : "elements from " + slice.from() + " on are in two slices");
            }
            at = slice.to();
        }
        if (at != first.shape().count()) {
            throw fault(
                    name,
                    "no slice has elements " + at + " until " + first.shape().count());
        }
        return new Entry(first.dtype(), first.shape(), List.copyOf(parts));
    }

    private static InvalidFileException fault(String tensor, String problem) {
        return new InvalidFileException("tensor \"" + tensor + "\": " + problem);
    }
}
