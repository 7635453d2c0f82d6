package dev.braid.trainer.trace;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A trace of all ranks in one file. Each rank writes its part beside it, where all ranks can write, as they do with checkpoints;
 * when all have, one of them puts the parts together, a line in memory at a time. So nothing large goes over the wire or through
 * the driver.
 *
 * @param path of the whole; the parts lie in the folder {@code path + ".parts"} meanwhile
 */
public record TraceFile(Path path) {
    private Path parts() {
        return path.resolveSibling(path.getFileName() + ".parts");
    }

    private Path part(int rank) {
        return parts().resolve("rank-" + rank + ".jsonl");
    }

    /** Writes what one rank did. */
    public void writePart(RankTrace trace) throws IOException {
        Files.createDirectories(parts());
        try (BufferedWriter out = Files.newBufferedWriter(part(trace.rank()))) {
            trace.events(line -> write(out, line + "\n"));
        } catch (UncheckedIOException failure) {
            throw failure.getCause();
        }
    }

    /**
     * Puts the parts of ranks 0 to {@code ranks - 1} together, in one move, and deletes them.
     *
     * @param title of the trace, for a person
     * @return the ranks that have no part
     */
    public List<Integer> merge(String title, int ranks) throws IOException {
        List<Integer> missing = new ArrayList<>();
        Path writing = path.resolveSibling(path.getFileName() + ".writing");
        try (BufferedWriter out = Files.newBufferedWriter(writing)) {
            out.write("{\"displayTimeUnit\":\"ms\",\"otherData\":{\"title\":\"" + title + "\"},\"traceEvents\":[\n");
            String separator = "";
            for (int rank = 0; rank < ranks; rank++) {
                if (Files.exists(part(rank))) {
                    separator = append(rank, out, separator);
                } else {
                    missing.add(rank);
                }
            }
            out.write("\n]}\n");
        }
        Files.move(writing, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        deleteParts();
        return missing;
    }

    private String append(int rank, BufferedWriter out, String separator) throws IOException {
        String between = separator;
        try (BufferedReader in = Files.newBufferedReader(part(rank))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.write(between);
                out.write(line);
                between = ",\n";
            }
        }
        return between;
    }

    /** Parts of an attempt that failed, on whatever mesh, go too. */
    private void deleteParts() throws IOException {
        try (Stream<Path> left = Files.exists(parts()) ? Files.list(parts()) : Stream.empty()) {
            for (Path part : left.toList()) {
                Files.deleteIfExists(part);
            }
        }
        Files.deleteIfExists(parts());
    }

    private static void write(BufferedWriter out, String text) {
        try {
            out.write(text);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
