package dev.braid.parallelism.transport.aeron;

import io.aeron.exceptions.AeronException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/**
 * This JVM's part in the media driver of its host: the folder, the driver when it runs here, and the connection to it.
 *
 * <p>Hand-over. Whoever gets the folder's lock runs the driver; the system frees the lock when that JVM dies, and the next
 * who asks clears the folder and starts a new driver. A JVM that ends in order and runs the driver keeps it until the other JVMs
 * have detached, but not beyond {@link DriverTimeouts#grace}. Whoever is last removes the folder.
 *
 * <p>Channels that stand would carry some more bytes after the driver's death, until their windows are used up. Ranks do not wait
 * for that: the connection breaks within half a second, the attempt ends, and the next one has a driver of its own.
 *
 * <p>Not thread-safe but for {@link #describe}, and to be called by threads that nobody interrupts.
 */
final class HostDriver {
    private static final Duration ONE_TRY = Duration.ofSeconds(2);

    private final AeronOptions options;
    private Optional<HostFolder> folder = Optional.empty();
    private volatile Optional<HostedDriver> driver = Optional.empty();
    private volatile Optional<AeronClient> client = Optional.empty();

    HostDriver(AeronOptions options) {
        this.options = options;
    }

    /** The connection, made when there is none or it broke. Blocks until a driver answers or the time for opening is over. */
    AeronClient connect(BooleanSupplier cancelled) throws IOException, InterruptedException {
        if (client.isPresent() && client.get().fault().isEmpty()) {
            return client.get();
        }
        long start = System.nanoTime();
        String reason = "nobody started one";
        while (!cancelled.getAsBoolean()) {
            try {
                Optional<AeronClient> connected = tryConnect();
                if (connected.isPresent()) {
                    dropClient();
                    client = connected;
                    return connected.get();
                }
            } catch (AeronException noAnswer) {
                reason = noAnswer.getMessage();
            }
            if (System.nanoTime() - start > options.timeouts().opening().toNanos()) {
                throw new IllegalStateException("host " + options.host() + " has no media driver after "
                        + options.timeouts().opening().toMillis() + " ms in "
                        + folder.map(HostFolder::path).orElse(options.bases().getFirst()) + ": " + reason
                        + "; is another process of the run stopped?");
            }
            Thread.sleep(10);
        }
        throw new IllegalStateException("interrupted while waiting for the media driver of host " + options.host());
    }

    private Optional<AeronClient> tryConnect() throws IOException {
        if (folder.isEmpty()) {
            folder = HostFolder.attach(path());
        }
        if (folder.isEmpty()) {
            return Optional.empty();
        }
        HostFolder shared = folder.get();
        if (shared.lock().own() && !runs()) {
            start(shared);
        }
        Optional<DriverNote> note = shared.note();
        if (note.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(AeronClient.connect(note.get(), liveness(shared, note.get()), options.timeouts(), ONE_TRY));
    }

    /** Of the driver that the note names: another one may take its place at any moment. */
    private AeronClient.Liveness liveness(HostFolder shared, DriverNote note) {
        return driver.isPresent()
                ? driver.get()::alive
                : () -> shared.lock().owned() && shared.note().equals(Optional.of(note));
    }

    private boolean runs() {
        return driver.isPresent() && driver.get().alive();
    }

    private void start(HostFolder shared) throws IOException {
        driver.ifPresent(HostedDriver::close);
        driver = Optional.empty();
        shared.clear();
        requireSpace(shared.path(), HostedDriver.ownBytes(options.sizes().ranks()), "its media driver");
        long process = ProcessHandle.current().pid();
        Path home = shared.path().resolve("aeron-" + process + "-" + UUID.randomUUID());
        driver = Optional.of(HostedDriver.start(home, options));
        shared.write(new DriverNote(home, process, options.host()));
    }

    /** Where the run's folder is, or else goes: the first place with room for it. */
    private Path path() throws IOException {
        for (Path base : options.bases()) {
            Path path = base.resolve(options.folderName());
            if (Files.exists(path)) {
                return path;
            }
        }
        long needed = HostedDriver.ownBytes(options.sizes().ranks())
                + Math.max(options.sizes().ipcPeerBytes(), options.sizes().udpPeerBytes());
        StringBuilder found = new StringBuilder();
        for (Path base : options.bases()) {
            if (Files.isDirectory(base) && Files.isWritable(base)) {
                long free = HostFolder.freeBytes(base);
                if (free >= needed) {
                    return base.resolve(options.folderName());
                }
                found.append(base).append(" has ").append(free).append(" bytes free; ");
            } else {
                found.append(base).append(" is no folder that can be written; ");
            }
        }
        throw new IllegalStateException("no room for a media driver, which needs " + needed + " bytes: " + found
                + "enlarge /dev/shm (mount -o remount,size=..., docker --shm-size, or in Kubernetes an emptyDir of medium"
                + " Memory mounted there), or set java.io.tmpdir to a folder with room");
    }

    private static void requireSpace(Path path, long needed, String what) throws IOException {
        long free = HostFolder.freeBytes(path);
        if (free < needed) {
            throw new IllegalStateException(AeronSpace.tooLittle(path, needed, free, what));
        }
    }

    /** State for a person. */
    String describe() {
        return driver.map(here -> "media driver runs here, " + here.refusedSetups() + " oversized channels refused"
                        + (here.error().isEmpty() ? "" : ", last error: " + here.error()))
                .orElse("media driver runs in another process");
    }

    /** Leaves. No transport may use the connection any more. */
    void close() throws IOException, InterruptedException {
        try {
            dropClient();
            if (folder.isPresent()) {
                leave(folder.get());
            }
        } finally {
            driver.ifPresent(HostedDriver::close);
            driver = Optional.empty();
            if (folder.isPresent()) {
                folder.get().close();
                folder = Optional.empty();
            }
        }
    }

    private void leave(HostFolder shared) throws IOException, InterruptedException {
        boolean last = shared.lock().detach();
        long start = System.nanoTime();
        while (!last
                && driver.isPresent()
                && System.nanoTime() - start < options.timeouts().grace().toNanos()) {
            Thread.sleep(5);
            last = shared.lock().detach();
        }
        if (driver.isPresent()) {
            driver.get().close();
            driver = Optional.empty();
            shared.clear();
            // One who detaches in this moment holds the file, but for microseconds only.
            for (int trial = 0; trial < 20 && !last; trial++) {
                Thread.sleep(1);
                last = shared.lock().detach();
            }
        }
        // A living owner removes the folder itself; this is for one that was killed.
        if (last && shared.lock().own()) {
            shared.remove();
        }
    }

    private void dropClient() {
        if (client.isPresent() && client.get().unused()) {
            client.get().close();
        }
        client = Optional.empty();
    }
}
