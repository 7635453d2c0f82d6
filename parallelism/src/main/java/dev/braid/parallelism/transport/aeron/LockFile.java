package dev.braid.parallelism.transport.aeron;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * The lock file of a driver's folder. The system frees a lock at the end of its process, however that ends, so a lock says
 * truly who lives. Byte 0 is held by the JVM that runs the driver; byte 1 is shared by all JVMs that use the folder. A file that
 * is not empty belongs to a folder that was removed.
 *
 * <p>Thread-safe. A JVM must have at most one of these a file: closing any channel of a file frees the process's locks on it.
 * An interrupt would close the channel as well, so only threads that nobody interrupts may call.
 */
final class LockFile implements AutoCloseable {
    private static final long OWNER = 0;
    private static final long USERS = 1;

    private final FileChannel channel;
    private Optional<FileLock> owner = Optional.empty();
    private Optional<FileLock> user = Optional.empty();

    private LockFile(FileChannel channel) {
        this.channel = channel;
    }

    static LockFile open(Path file) throws IOException {
        return new LockFile(
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    /** Becomes a user. False while somebody removes the folder. */
    synchronized boolean attach() throws IOException {
        user = lock(USERS, true);
        return user.isPresent();
    }

    /** Stops being a user and tries to be the only one left: true when no other JVM uses the folder, nor can until close. */
    synchronized boolean detach() throws IOException {
        if (user.isPresent()) {
            user.get().release();
        }
        user = lock(USERS, false);
        return user.isPresent();
    }

    /** Becomes the JVM that runs the driver. False when another one does. */
    synchronized boolean own() throws IOException {
        if (owner.isEmpty()) {
            owner = lock(OWNER, false);
        }
        return owner.isPresent();
    }

    synchronized boolean owns() {
        return owner.isPresent();
    }

    /** Gives the driver up. */
    synchronized void disown() throws IOException {
        if (owner.isPresent()) {
            owner.get().release();
            owner = Optional.empty();
        }
    }

    /** True when some JVM runs the driver. */
    synchronized boolean owned() throws IOException {
        if (owner.isPresent()) {
            return true;
        }
        Optional<FileLock> probe = lock(OWNER, false);
        if (probe.isPresent()) {
            probe.get().release();
        }
        return probe.isEmpty();
    }

    /** True when the folder of this file has been removed. */
    synchronized boolean retired() throws IOException {
        return channel.size() > 0;
    }

    /** Marks the file as removed, for those who opened it before. */
    synchronized void retire() throws IOException {
        channel.write(ByteBuffer.wrap(new byte[] {1}), 0);
    }

    /** Frees the locks. */
    @Override
    public void close() throws IOException {
        channel.close();
    }

    private Optional<FileLock> lock(long position, boolean shared) throws IOException {
        try {
            return Optional.ofNullable(channel.tryLock(position, 1, shared));
        } catch (OverlappingFileLockException heldInThisProcess) {
            return Optional.empty();
        }
    }
}
