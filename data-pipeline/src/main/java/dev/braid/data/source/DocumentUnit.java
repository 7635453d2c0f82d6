package dev.braid.data.source;

import java.io.Serializable;
import java.util.List;

/**
 * Documents of one source that make one shard for training and one for validation. How documents are shared out to units depends on
 * the sources alone, never on the number of cores.
 *
 * @param number of the unit, counted through all sources
 * @param source index of its source
 */
public record DocumentUnit(int number, int source, List<Part> parts) implements Serializable {
    public DocumentUnit {
        parts = List.copyOf(parts);
    }

    /** A guess at the bytes of text. */
    public long textBytes() {
        return parts.stream().mapToLong(Part::textBytes).sum();
    }
}
