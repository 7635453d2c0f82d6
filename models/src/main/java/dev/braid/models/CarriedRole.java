package dev.braid.models;

import java.util.List;

/**
 * What a layer has to do with the values that go beside the hidden state, by their names.
 *
 * @param makes those that it makes for later layers
 * @param reads those of earlier layers that it reads
 * @param lastReads those of {@code reads} that no later layer reads
 */
public record CarriedRole(List<String> makes, List<String> reads, List<String> lastReads) {
    /** A copy. */
    public CarriedRole {
        makes = List.copyOf(makes);
        reads = List.copyOf(reads);
        lastReads = List.copyOf(lastReads);
    }
}
