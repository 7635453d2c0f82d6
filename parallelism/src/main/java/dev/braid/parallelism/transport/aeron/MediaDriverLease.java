package dev.braid.parallelism.transport.aeron;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A share in the media driver of this host and attempt, started where there was none. The ranks of a JVM share one connection to
 * it, and the last lease that is closed ends it.
 *
 * <p>A JVM can hold a file lock only once, so who shares is kept in a map of the whole JVM: the one piece of static state here.
 * Thread-safe.
 */
final class MediaDriverLease implements AutoCloseable {
    private static final Map<String, Shared> IN_USE = new HashMap<>();

    private final String key;
    private final Shared shared;
    private final AeronClient client;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** One driver's users in this JVM; {@code leases} is guarded by the map, the rest by this object. */
    private static final class Shared {
        private final HostDriver driver;
        private int leases;

        private Shared(AeronOptions options) {
            driver = new HostDriver(options);
        }
    }

    private MediaDriverLease(String key, Shared shared, AeronClient client) {
        this.key = key;
        this.shared = shared;
        this.client = client;
        client.attach();
    }

    /**
     * Takes a share. Blocks until a driver answers.
     *
     * @throws IllegalStateException when none does within the time for opening, when there is no room, or after an interrupt
     */
    static MediaDriverLease acquire(AeronOptions options) {
        String key = options.folderName() + options.bases();
        AtomicBoolean cancelled = new AtomicBoolean();
        return Uninterrupted.call(
                "braid-media-driver-opening", () -> open(key, options, cancelled), () -> cancelled.set(true));
    }

    private static MediaDriverLease open(String key, AeronOptions options, AtomicBoolean cancelled)
            throws IOException, InterruptedException {
        Shared shared;
        synchronized (IN_USE) {
            shared = IN_USE.computeIfAbsent(key, missing -> new Shared(options));
            shared.leases++;
            sweep(options);
        }
        boolean opened = false;
        try {
            synchronized (shared) {
                MediaDriverLease lease = new MediaDriverLease(key, shared, shared.driver.connect(cancelled::get));
                opened = true;
                return lease;
            }
        } finally {
            if (!opened) {
                giveBack(key, shared);
            }
        }
    }

    /** Removes folders that no living process uses. */
    static void removeLeftovers(AeronOptions options) {
        Uninterrupted.call(
                "braid-media-driver-sweep",
                () -> {
                    synchronized (IN_USE) {
                        sweep(options);
                    }
                    return true;
                },
                () -> {});
    }

    private static void sweep(AeronOptions options) throws IOException {
        for (Path base : options.bases()) {
            if (Files.isDirectory(base)) {
                HostFolder.sweep(
                        base,
                        AeronOptions.prefix(),
                        name -> IN_USE.keySet().stream().anyMatch(used -> used.startsWith(name)));
            }
        }
    }

    private static void giveBack(String key, Shared shared) throws IOException, InterruptedException {
        synchronized (shared) {
            synchronized (IN_USE) {
                shared.leases--;
                if (shared.leases > 0) {
                    return;
                }
            }
            // Whoever takes a lease now waits for this and then starts afresh.
            try {
                shared.driver.close();
            } finally {
                synchronized (IN_USE) {
                    if (shared.leases == 0) {
                        IN_USE.remove(key);
                    }
                }
            }
        }
    }

    AeronClient client() {
        return client;
    }

    /** State of the driver for a person. */
    String describe() {
        return client.note() + ": " + shared.driver.describe();
    }

    /** Gives the share back. The holder must touch no memory of channels any more. Idempotent. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            client.detach();
            Uninterrupted.call(
                    "braid-media-driver-closing",
                    () -> {
                        if (client.unused() && !client.fault().isEmpty()) {
                            client.close();
                        }
                        giveBack(key, shared);
                        return true;
                    },
                    () -> {});
        }
    }
}
