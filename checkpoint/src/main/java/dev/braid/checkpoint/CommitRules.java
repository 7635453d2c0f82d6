package dev.braid.checkpoint;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What must hold of the files of an attempt before it may be committed; all faults are told at once. */
final class CommitRules {
    private static final int MOST_NAMED = 3;

    private CommitRules() {}

    /**
     * Throws {@link InvalidFileException} when a file is of another attempt or is handed in twice, when the slices do not
     * make every tensor whole, or when the coordinator does not see a file as its rank has written it.
     */
    static void check(CheckpointStore store, Attempt attempt, List<SliceFile> files) throws IOException {
        requireOwn(attempt, files);
        Coverage.of(files);
        requireSeen(store, attempt, files);
    }

    private static void requireOwn(Attempt attempt, List<SliceFile> files) throws InvalidFileException {
        Set<String> names = new HashSet<>();
        List<String> faults = new ArrayList<>();
        for (SliceFile file : files) {
            if (!attempt.owns(file.name())) {
                faults.add(file.name() + " is not of attempt " + attempt.id() + ", which was to be committed");
            } else if (!names.add(file.name())) {
                faults.add(file.name() + " was handed in twice");
            }
        }
        if (!faults.isEmpty()) {
            throw new InvalidFileException(String.join("; ", faults));
        }
    }

    /** The usual cause of a fault here is an output folder on the local disks of several hosts. */
    private static void requireSeen(CheckpointStore store, Attempt attempt, List<SliceFile> files) throws IOException {
        List<String> faults = new ArrayList<>();
        try (SliceFiles seen = new SliceFiles(store, attempt.folder(), files)) {
            for (SliceFile file : files) {
                try {
                    seen.check(file.name());
                } catch (InvalidFileException fault) {
                    faults.add(fault.getMessage());
                }
            }
        }
        if (!faults.isEmpty()) {
            int more = Math.max(0, faults.size() - MOST_NAMED);
            throw new InvalidFileException("the coordinator does not see in " + store.locate(attempt.folder())
                    + " what the ranks have written: "
                    + String.join("; ", faults.subList(0, faults.size() - more))
                    + (more > 0 ? "; and " + more + " more" : "")
                    + ". All ranks must write to the same storage: choose an output folder that all hosts share");
        }
    }
}
