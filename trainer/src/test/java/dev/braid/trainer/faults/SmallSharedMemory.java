package dev.braid.trainer.faults;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A {@code /dev/shm} of some MiB that only the processes of one private mount namespace see; that of this machine is not touched. A
 * shell holds the namespace open, and with its end the folder is gone.
 */
final class SmallSharedMemory implements AutoCloseable {
    private static final int BLOCK = 64 << 10;

    private final Process holder;
    private final Path root;

    private SmallSharedMemory(Process holder) {
        this.holder = holder;
        this.root = Path.of("/proc", Long.toString(holder.pid()), "root", "dev", "shm");
    }

    /** Mounts it; empty with a message on standard output where that is not permitted. */
    static Optional<SmallSharedMemory> open(int megabytes) throws IOException {
        String script = "mount -t tmpfs -o size=" + megabytes
                + "m braid /dev/shm && mkdir /dev/shm/tmp && echo ready && read end";
        Process holder;
        try {
            holder = new ProcessBuilder("unshare", "-m", "sh", "-c", script)
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException noSuchProgram) {
            System.out.println("no private mounts can be made here: " + noSuchProgram.getMessage());
            return Optional.empty();
        }
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(holder.getInputStream(), StandardCharsets.UTF_8));
        String said = reader.readLine();
        if (!"ready".equals(said)) {
            holder.destroyForcibly();
            System.out.println("no private mounts can be made here: " + said);
            return Optional.empty();
        }
        return Optional.of(new SmallSharedMemory(holder));
    }

    /** Words that start a program which sees it. */
    String[] inside() {
        return new String[] {"nsenter", "-t", Long.toString(holder.pid()), "-m", "--"};
    }

    /** Writes until only {@code left} bytes, rounded up to whole pages, are free. */
    void fill(long left) throws IOException {
        try (OutputStream out = Files.newOutputStream(root.resolve("full"))) {
            byte[] block = new byte[BLOCK];
            for (long room = free() - left; room > 0; room = free() - left) {
                out.write(block, 0, (int) Math.min(room, BLOCK));
            }
        }
    }

    /** Bytes free. */
    long free() throws IOException {
        return Files.getFileStore(root).getUsableSpace();
    }

    /** Removes what {@link #fill} wrote. */
    void empty() throws IOException {
        Files.deleteIfExists(root.resolve("full"));
    }

    /** Names in it, but for what this class made. */
    List<String> entries() throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries =
                Files.newDirectoryStream(root, entry -> !entry.endsWith("tmp") && !entry.endsWith("full"))) {
            entries.forEach(entry -> names.add(entry.getFileName().toString()));
        }
        return names;
    }

    @Override
    public void close() {
        holder.destroyForcibly();
        try {
            holder.waitFor();
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
    }
}
