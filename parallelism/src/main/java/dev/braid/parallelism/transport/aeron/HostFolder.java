package dev.braid.parallelism.transport.aeron;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The folder that the JVMs of a host share during one attempt: a lock file, the running driver's folder, and a note that says
 * where that is. The first who needs it makes it; the last who leaves removes it.
 *
 * <p>Removal is a rename followed by a deletion, both while nobody else is or can become a user. Not thread-safe; see
 * {@link LockFile} for interrupts.
 */
final class HostFolder implements AutoCloseable {
    private static final String LOCK = "lock";
    private static final String NOTE = "driver";
    private static final String REMOVED = ".removed-";
    /** A folder without a lock file this old was left by a process that died between making the two. */
    private static final Duration UNFINISHED = Duration.ofMinutes(1);

    private final Path path;
    private final LockFile lock;

    private HostFolder(Path path, LockFile lock) {
        this.path = path;
        this.lock = lock;
    }

    /**
     * Becomes a user of the folder, which is made when it is not there.
     *
     * @return empty when somebody is just removing it: try again
     * @throws IllegalStateException when the name is taken by something of another user
     */
    static Optional<HostFolder> attach(Path path) throws IOException {
        makeFolder(path);
        LockFile lock;
        try {
            lock = LockFile.open(path.resolve(LOCK));
        } catch (NoSuchFileException removedMeanwhile) {
            return Optional.empty();
        }
        boolean attached = false;
        try {
            attached = lock.attach() && !lock.retired() && Files.exists(path.resolve(LOCK));
        } finally {
            if (!attached) {
                lock.close();
            }
        }
        return attached ? Optional.of(new HostFolder(path, lock)) : Optional.empty();
    }

    private static void makeFolder(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            try {
                Files.createDirectory(
                        path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } catch (FileAlreadyExistsException anotherWasFaster) {
                // It is checked like any other that was there.
            }
        }
        try {
            UserPrincipal owner = Files.getOwner(path, LinkOption.NOFOLLOW_LINKS);
            boolean folder = Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
            if (!folder || !owner.equals(self())) {
                throw new IllegalStateException(path + " must be a folder of user " + self().getName() + ", but is "
                        + (folder ? "a folder" : "no folder") + " of user " + owner.getName()
                        + ": remove it, or start the run with another run id");
            }
        } catch (NoSuchFileException removedMeanwhile) {
            // The caller finds out when it opens the lock file.
        }
    }

    /** The user that this process acts for. In a container the user may have no name, so that user.name does not help. */
    private static UserPrincipal self() throws IOException {
        Path process = Path.of("/proc/self");
        return Files.getOwner(Files.exists(process) ? process : Path.of(System.getProperty("user.home")));
    }

    Path path() {
        return path;
    }

    LockFile lock() {
        return lock;
    }

    /** The driver that runs here, as its JVM wrote it down. */
    Optional<DriverNote> note() throws IOException {
        try {
            return DriverNote.parse(Files.readString(path.resolve(NOTE)));
        } catch (NoSuchFileException noDriverYet) {
            return Optional.empty();
        }
    }

    /** Tells the other JVMs of the driver. All or nothing is seen. */
    void write(DriverNote note) throws IOException {
        Path draft = path.resolve(NOTE + ".draft");
        Files.writeString(draft, note.text());
        Files.move(draft, path.resolve(NOTE), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Removes all that a dead driver, or one that ends, leaves here. Only the owner of the lock may. */
    void clear() throws IOException {
        Files.deleteIfExists(path.resolve(NOTE));
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
            for (Path entry : entries) {
                if (!entry.endsWith(LOCK)) {
                    FileTree.delete(entry);
                }
            }
        }
    }

    /** Removes the folder. Only after {@link LockFile#detach} said that nobody else uses it. */
    void remove() throws IOException {
        remove(path, lock);
    }

    /** Frees the locks; the folder stays unless it was removed. */
    @Override
    public void close() throws IOException {
        lock.close();
    }

    private static void remove(Path path, LockFile lock) throws IOException {
        Path aside = path.getFileName().toString().contains(REMOVED)
                ? path
                : path.resolveSibling(
                        path.getFileName() + REMOVED + ProcessHandle.current().pid() + "-" + System.nanoTime());
        try {
            if (!aside.equals(path)) {
                Files.move(path, aside, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (NoSuchFileException alreadyGone) {
            return;
        }
        lock.retire();
        FileTree.delete(aside);
    }

    /**
     * Removes folders of earlier runs and attempts that no process uses any more, left by processes that were killed.
     *
     * @param inUse names of folders that this JVM uses: these must not even be opened
     */
    static void sweep(Path base, String prefix, Predicate<String> inUse) throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(base, prefix + "*")) {
            for (Path folder : folders) {
                if (!inUse.test(folder.getFileName().toString())
                        && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                    removeIfUnused(folder);
                }
            }
        }
    }

    private static void removeIfUnused(Path folder) {
        try {
            if (Files.exists(folder.resolve(LOCK))) {
                try (LockFile lock = LockFile.open(folder.resolve(LOCK))) {
                    if (lock.own() && lock.detach()) {
                        remove(folder, lock);
                    }
                }
            } else if (Files.getLastModifiedTime(folder)
                    .toInstant()
                    .isBefore(Instant.now().minus(UNFINISHED))) {
                Files.deleteIfExists(folder);
            }
        } catch (IOException somebodyElseIsAtItOrMayNotBeTouched) {
            // A folder that stays behind costs space, but must not keep a run from starting.
        }
    }

    /** Bytes that can still be written in {@code folder}. */
    static long freeBytes(Path folder) throws IOException {
        FileStore store = Files.getFileStore(folder);
        return store.getUsableSpace();
    }
}
