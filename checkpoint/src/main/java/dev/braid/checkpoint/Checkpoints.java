package dev.braid.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * The checkpoints of a run: folders {@code step-N}. A folder is a checkpoint when it has a manifest, which is written
 * last and appears at once; any other folder is what a killed writer left.
 *
 * <p>With many ranks the coordinator calls {@link #plan}, every rank writes by {@link #writer} and sends its
 * {@link SliceFile}, and the coordinator calls {@link #commit}. One process alone uses {@link #begin}. All methods
 * may be called from any thread, but only one attempt should be under way.
 */
public final class Checkpoints {
    private static final String PREFIX = "step-";

    private final CheckpointStore store;

    /** Checkpoints at the root of {@code store}. */
    public Checkpoints(CheckpointStore store) {
        this.store = store;
    }

    /** Checkpoints in the local {@code folder}, which need not exist yet. */
    public static Checkpoints in(Path folder) {
        return new Checkpoints(new LocalStore(folder));
    }

    /**
     * Opens what the user named: a checkpoint's folder, or a run's folder or its {@code checkpoints}, of which the
     * newest is taken. Throws {@link InvalidFileException} that says what was looked for.
     */
    public static CheckpointReader find(Path path) throws IOException {
        Path absolute = path.toAbsolutePath().normalize();
        if (Files.isRegularFile(absolute.resolve(Manifest.NAME))) {
            Checkpoints siblings = in(absolute.getParent());
            return CheckpointReader.open(siblings.store, absolute.getFileName().toString(), siblings, 0, 1);
        }
        for (Path folder : List.of(absolute.resolve("checkpoints"), absolute)) {
            Checkpoints checkpoints = in(folder);
            OptionalLong latest = checkpoints.latest();
            if (latest.isPresent()) {
                return checkpoints.open(latest.getAsLong());
            }
        }
        throw new InvalidFileException(
                Files.exists(absolute)
                        ? "there is no complete checkpoint in " + path + ": expected a folder with " + Manifest.NAME
                                + ", or a run's folder with checkpoints/" + PREFIX + "N"
                        : "there is no folder " + path);
    }

    /** Steps of the complete checkpoints, newest first. */
    public List<Long> steps() throws IOException {
        List<Long> steps = new ArrayList<>();
        for (long step : folders()) {
            if (complete(folder(step))) {
                steps.add(step);
            }
        }
        return steps;
    }

    /** Step of the newest complete checkpoint. */
    public OptionalLong latest() throws IOException {
        return steps().stream().mapToLong(Long::longValue).findFirst();
    }

    /** Opens and verifies the checkpoint of {@code step}: its manifest, and that all files are there with their size. */
    public CheckpointReader open(long step) throws IOException {
        return open(step, 0, 1);
    }

    /**
     * Opens the checkpoint of {@code step} as {@code rank} of {@code ranks} that all open it. Each verifies the manifest
     * and looks at its share of the files, all together at every file once; a file that is read is looked at anyhow. So
     * thousands of ranks do not ask the store for thousands of files each.
     */
    public CheckpointReader open(long step, int rank, int ranks) throws IOException {
        if (rank < 0 || rank >= ranks) {
            throw new IllegalArgumentException("rank " + rank + " is none of " + ranks + " ranks");
        }
        return CheckpointReader.open(store, folder(step), this, rank, ranks);
    }

    /**
     * Starts a checkpoint of {@code step} from one process. A complete one of the same step is replaced by the
     * commit.
     */
    public CheckpointWriter begin(long step) throws IOException {
        return new CheckpointWriter(this, plan(step));
    }

    /** Coordinator: a new attempt to write the checkpoint of {@code step}, to be sent to all ranks. */
    public Attempt plan(long step) throws IOException {
        return plan(step, folder(step));
    }

    Attempt plan(long step, String folder) throws IOException {
        if (step < 0) {
            throw new IllegalArgumentException("a checkpoint's step must be 0 or more, not " + step);
        }
        String id = UUID.randomUUID().toString().substring(0, 8);
        return new Attempt(step, folder, id, complete(folder));
    }

    /** Rank: the file of slices of {@code rank} (0 or more). */
    public SliceWriter writer(Attempt attempt, int rank) throws IOException {
        return new SliceWriter(store, attempt.folder(), attempt.file(rank));
    }

    /**
     * Coordinator: makes the checkpoint complete, after all ranks have finished. Throws {@link InvalidFileException}
     * when the slices do not make every tensor whole, or a file is of another attempt or not there, and {@link IOException} when
     * another attempt was quicker or the store fails.
     */
    public void commit(Attempt attempt, ObjectNode state, List<SliceFile> files) throws IOException {
        if (!attempt.replaces() && complete(attempt.folder())) {
            // Before the look at the files: those of this attempt are leftovers to the one that was quicker.
            throw overtaken(attempt, null);
        }
        CommitRules.check(store, attempt, files);
        byte[] manifest = ManifestJson.write(new Manifest(attempt.step(), files, state));
        String path = attempt.folder() + "/" + Manifest.NAME;
        try {
            store.publish(path, manifest, attempt.replaces());
        } catch (FileAlreadyExistsException taken) {
            throw overtaken(attempt, taken);
        }
        deleteOthers(attempt.folder(), files.stream().map(SliceFile::name).collect(Collectors.toUnmodifiableSet()));
    }

    private IOException overtaken(Attempt attempt, Exception cause) {
        return new IOException("another attempt has committed " + store.locate(attempt.folder()) + " meanwhile", cause);
    }

    private void deleteOthers(String folder, Set<String> kept) {
        try {
            for (String name : store.list(folder)) {
                if (!name.equals(Manifest.NAME) && !kept.contains(name)) {
                    store.delete(folder + "/" + name);
                }
            }
        } catch (IOException harmless) {
            // The checkpoint is complete; files of earlier attempts only take space until the folder is pruned.
            return;
        }
    }

    /** Coordinator: removes what {@code attempt} wrote; a checkpoint that it was to replace stays. */
    public void abandon(Attempt attempt) throws IOException {
        if (!complete(attempt.folder())) {
            store.delete(attempt.folder());
            return;
        }
        List<String> kept = new ArrayList<>();
        try (CheckpointReader reader = CheckpointReader.open(store, attempt.folder(), this, 0, 1)) {
            kept.addAll(reader.files());
        } catch (InvalidFileException unreadable) {
            // Damaged as it is, it is not this attempt's to delete.
            return;
        }
        for (String name : store.list(attempt.folder())) {
            if (name.contains("." + attempt.id() + ".") && !kept.contains(name)) {
                store.delete(attempt.folder() + "/" + name);
            }
        }
    }

    /**
     * Keeps the newest {@code keep} complete checkpoints (at least one) and deletes the others, and with them
     * unfinished folders that are older than the newest complete one.
     */
    public void prune(int keep) throws IOException {
        if (keep < 1) {
            throw new IllegalArgumentException("at least 1 checkpoint must be kept, not " + keep);
        }
        List<Long> complete = steps();
        if (complete.isEmpty()) {
            return;
        }
        List<Long> kept = complete.subList(0, Math.min(keep, complete.size()));
        for (long step : folders()) {
            if (step < complete.getFirst() && !kept.contains(step)) {
                // The manifest goes first: killed in between, the rest is an unfinished folder and not a broken
                // checkpoint.
                store.delete(folder(step) + "/" + Manifest.NAME);
                store.delete(folder(step));
            }
        }
    }

    /**
     * Coordinator: gives {@code attempt} up because of {@code problem}. Returns an exception that says so, and what is left to go on
     * from.
     */
    public IOException notWritten(Attempt attempt, IOException problem) {
        String left = "The unfinished folder was removed";
        try {
            abandon(attempt);
        } catch (IOException second) {
            problem.addSuppressed(second);
            left = "The unfinished folder could not be removed; it does no harm";
        }
        return new IOException(
                "checkpoint of step " + attempt.step() + " was not written: " + problem.getMessage() + ". " + left
                        + ". " + remaining(),
                problem);
    }

    /** Which complete checkpoints there are, as a sentence. */
    String remaining() {
        try {
            List<Long> steps = steps();
            return steps.isEmpty()
                    ? "There is no earlier checkpoint in " + store.locate("")
                    : "Untouched in " + store.locate("") + ": " + names(steps);
        } catch (IOException problem) {
            return "Which checkpoints " + store.locate("") + " has could not be listed (" + problem.getMessage() + ")";
        }
    }

    /** What to use instead of the damaged checkpoint {@code folder}, as a sentence. */
    String instead(String folder) {
        try {
            List<Long> others = steps().stream()
                    .filter(step -> !folder(step).equals(folder))
                    .toList();
            return others.isEmpty()
                    ? "There is no other checkpoint in " + store.locate("")
                    : "Other checkpoints: " + names(others) + "; delete " + store.locate(folder) + " to go on from "
                            + folder(others.getFirst());
        } catch (IOException problem) {
            return "Which checkpoints " + store.locate("") + " has could not be listed (" + problem.getMessage() + ")";
        }
    }

    private static String names(List<Long> steps) {
        return String.join(", ", steps.stream().map(Checkpoints::folder).toList());
    }

    private static String folder(long step) {
        return PREFIX + step;
    }

    private boolean complete(String folder) throws IOException {
        return store.exists(folder + "/" + Manifest.NAME);
    }

    /** Steps of all folders, complete or not, newest first. */
    private List<Long> folders() throws IOException {
        List<Long> steps = new ArrayList<>();
        for (String name : store.list("")) {
            if (name.matches(PREFIX + "(0|[1-9][0-9]{0,17})")) {
                steps.add(Long.parseLong(name.substring(PREFIX.length())));
            }
        }
        steps.sort(Comparator.reverseOrder());
        return steps;
    }
}
