package dev.braid.checkpoint;

import java.util.ArrayList;
import java.util.List;

/** Faults of a checkpoint's tensors, told all at once; the first few in words, since one lost rank makes thousands. */
final class Faults {
    private static final int MOST_TOLD = 10;

    private final List<String> told = new ArrayList<>();
    private long more;

    /** Adds a fault of {@code tensor}. */
    void add(String tensor, String problem) {
        if (told.size() < MOST_TOLD) {
            told.add("tensor \"" + tensor + "\": " + problem);
        } else {
            more++;
        }
    }

    /** Throws all faults, if there are any. */
    void raise() throws InvalidFileException {
        if (!told.isEmpty()) {
            throw new InvalidFileException(
                    String.join("; ", told) + (more > 0 ? "; and " + more + " more of this kind" : ""));
        }
    }
}
