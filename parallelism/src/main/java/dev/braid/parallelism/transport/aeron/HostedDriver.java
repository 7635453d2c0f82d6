package dev.braid.parallelism.transport.aeron;

import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.agrona.concurrent.BackoffIdleStrategy;

/**
 * A media driver that runs in this JVM, on one thread, for all ranks of the host.
 *
 * <p>Log buffers are made whole, not sparse: the driver asks for the free space first and touches every page, so that a full
 * {@code /dev/shm} is an error when a channel is opened, and never a bus error in the middle of a copy.
 */
final class HostedDriver implements AutoCloseable {
    /** Counters of a pair of ranks: 12 at most over udp, of 128 bytes each. */
    private static final long COUNTERS_PAIR = 12 * 128;

    private static final int MOST_COUNTERS = 64 << 20;
    private static final int LEAST_COUNTERS = 1 << 20;

    private final MediaDriver driver;
    private final AtomicReference<String> error = new AtomicReference<>("");
    private final AtomicLong refusedSetups = new AtomicLong();
    private final AtomicReference<Thread> thread = new AtomicReference<>();

    private HostedDriver(Path folder, AeronOptions options) {
        AeronSizes sizes = options.sizes();
        DriverTimeouts timeouts = options.timeouts();
        long timer = timeouts.heartbeat().toNanos();
        MediaDriver.Context context = new MediaDriver.Context()
                .aeronDirectoryName(folder.toString())
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true)
                .warnIfDirectoryExists(false)
                .threadingMode(ThreadingMode.SHARED)
                .sharedThreadFactory(this::newThread)
                .sharedIdleStrategy(new BackoffIdleStrategy(
                        50, 20, TimeUnit.MICROSECONDS.toNanos(20), TimeUnit.MICROSECONDS.toNanos(500)))
                .asyncExecutorEnabled(false)
                .termBufferSparseFile(false)
                .performStorageChecks(true)
                .lowStorageWarningThreshold(0)
                .publicationTermBufferLength(sizes.udpTerm())
                .ipcTermBufferLength(sizes.ipcTerm())
                .counterValuesBufferLength(countersLength(sizes.ranks()))
                .streamSessionLimit(mostChannels(sizes.ranks()))
                .receiveChannelEndpointSupplier((channel, dispatcher, status, owner) ->
                        new SetupGuard(channel, dispatcher, status, owner, sizes.mostUdpTerm(), refusedSetups))
                .errorHandler(this::onError);
        apply(timeouts, timer, context);
        driver = MediaDriver.launchEmbedded(context);
    }

    private Thread newThread(Runnable work) {
        thread.set(Thread.ofPlatform().daemon().name("braid-media-driver").unstarted(work));
        return thread.get();
    }

    /** False when the driver's thread has ended, which only an error beyond repair can do. */
    boolean alive() {
        return thread.get().isAlive();
    }

    private static void apply(DriverTimeouts timeouts, long timer, MediaDriver.Context context) {
        long client = timeouts.client().toNanos();
        context.timerIntervalNs(timer)
                .clientLivenessTimeoutNs(client)
                .publicationUnblockTimeoutNs(client + client / 2)
                .imageLivenessTimeoutNs(timeouts.image().toNanos())
                .publicationConnectionTimeoutNs(timeouts.connection().toNanos())
                .publicationLingerTimeoutNs(timeouts.linger().toNanos())
                .untetheredWindowLimitTimeoutNs(Math.max(2 * timer, client))
                .untetheredRestingTimeoutNs(Math.max(2 * timer, client))
                .driverTimeoutMs(timeouts.driver().toMillis());
    }

    /** Starts a driver in {@code folder}, which must not be in use. */
    static HostedDriver start(Path folder, AeronOptions options) {
        return new HostedDriver(folder, options);
    }

    /** Bytes that a driver takes in its folder before the first channel. */
    static long ownBytes(int ranks) {
        return (16L << 20) + 5L * countersLength(ranks);
    }

    /** Incoming channels of a rank beyond which strangers are turned away. */
    static int mostChannels(int ranks) {
        return 2 * ranks + 16;
    }

    /** The last fault that the driver met, for a person; empty when there was none. */
    String error() {
        return error.get();
    }

    /** Channels turned away for their size. */
    long refusedSetups() {
        return refusedSetups.get();
    }

    /** Ends the driver and removes its folder. */
    @Override
    public void close() {
        driver.close();
    }

    private void onError(Throwable failure) {
        error.set(failure.toString());
    }

    private static int countersLength(int ranks) {
        long wanted = COUNTERS_PAIR * ranks * ranks;
        long rounded = wanted <= LEAST_COUNTERS ? LEAST_COUNTERS : Long.highestOneBit(wanted - 1) << 1;
        return (int) Math.min(MOST_COUNTERS, rounded);
    }
}
