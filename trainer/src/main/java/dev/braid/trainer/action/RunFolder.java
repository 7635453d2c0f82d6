package dev.braid.trainer.action;

import dev.braid.checkpoint.Checkpoints;
import dev.braid.config.ConfigWriter;
import dev.braid.trainer.cli.RunFailedException;
import dev.braid.trainer.config.Experiment;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeSet;

/** The folder of a run, held by one process at a time. */
final class RunFolder implements AutoCloseable {
    private static final String CONFIG = "config.yaml";

    private final Path folder;
    private final FileChannel lockFile;
    private final FileLock lock;

    private RunFolder(Path folder, FileChannel lockFile, FileLock lock) {
        this.folder = folder;
        this.lockFile = lockFile;
        this.lock = lock;
    }

    /** Creates the folder if need be and locks it. */
    static RunFolder open(Path folder) throws IOException {
        Files.createDirectories(folder);
        FileChannel file =
                FileChannel.open(folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            lock = file.tryLock();
        } catch (OverlappingFileLockException heldHere) {
            file.close();
            throw busy(folder, heldHere);
        }
        if (lock == null) {
            file.close();
            throw busy(folder, null);
        }
        return new RunFolder(folder, file, lock);
    }

    private static RunFailedException busy(Path folder, Exception cause) {
        return new RunFailedException(
                "another process is training in " + folder + "; wait for it, or give this run another name or output",
                cause);
    }

    /** The folder. */
    Path path() {
        return folder;
    }

    Path metrics() {
        return folder.resolve("metrics.jsonl");
    }

    Path report() {
        return folder.resolve("report.html");
    }

    Path tensorBoard() {
        return folder.resolve("tensorboard");
    }

    Path checkpoints() {
        return folder.resolve("checkpoints");
    }

    /** Step of the newest complete checkpoint. */
    OptionalLong newest() throws IOException {
        return Checkpoints.in(checkpoints()).latest();
    }

    /**
     * Compares {@code experiment} with the one that the folder's checkpoints come from.
     *
     * @return what has changed, one line a key; empty when nothing has, or when there is nothing to resume
     * @throws IllegalArgumentException when another model lies here
     */
    List<String> changes(Experiment experiment) throws IOException {
        Path file = folder.resolve(CONFIG);
        if (!Files.exists(file) || newest().isEmpty()) {
            return List.of();
        }
        Experiment before = Experiment.read(file, List.of());
        List<String> model =
                differences("model", ConfigWriter.toYaml(before.model()), ConfigWriter.toYaml(experiment.model()));
        if (!model.isEmpty()) {
            throw new IllegalArgumentException("the checkpoints in " + folder + " are of another model: "
                    + String.join("; ", model)
                    + ". Give this run another name or output, or restore the model section");
        }
        return differences("", before.toYaml(), experiment.toYaml());
    }

    private static List<String> differences(String prefix, String before, String now) {
        Map<String, String> old = flat(before);
        Map<String, String> changed = flat(now);
        TreeSet<String> keys = new TreeSet<>(old.keySet());
        keys.addAll(changed.keySet());
        List<String> lines = new ArrayList<>();
        for (String key : keys) {
            String was = old.getOrDefault(key, "not set");
            String is = changed.getOrDefault(key, "not set");
            if (!was.equals(is)) {
                lines.add((prefix.isEmpty() ? "" : prefix + ".") + key + " was " + was + ", is " + is);
            }
        }
        return lines;
    }

    private static Map<String, String> flat(String yaml) {
        Map<String, String> values = new LinkedHashMap<>();
        flatten("", new org.yaml.snakeyaml.Yaml().load(yaml), values);
        return values;
    }

    private static void flatten(String path, Object value, Map<String, String> into) {
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, inner) -> flatten(path.isEmpty() ? "" + key : path + "." + key, inner, into));
        } else if (value instanceof List<?> list && list.stream().anyMatch(Map.class::isInstance)) {
            for (int i = 0; i < list.size(); i++) {
                flatten(path + "." + i, list.get(i), into);
            }
        } else {
            into.put(path, String.valueOf(value));
        }
    }

    /** Writes the resolved config in one move. */
    void writeConfig(Experiment experiment) throws IOException {
        Path written = folder.resolve(CONFIG + ".writing");
        Files.writeString(written, experiment.toYaml());
        Files.move(
                written, folder.resolve(CONFIG), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() throws IOException {
        lock.release();
        lockFile.close();
    }
}
