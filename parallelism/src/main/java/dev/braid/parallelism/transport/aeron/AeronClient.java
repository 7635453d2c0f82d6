package dev.braid.parallelism.transport.aeron;

import io.aeron.Aeron;
import io.aeron.CommonContext;
import io.aeron.exceptions.DriverTimeoutException;
import io.aeron.exceptions.TimeoutException;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.SleepingIdleStrategy;

/**
 * This JVM's connection to the media driver of its host, shared by its ranks. One thread makes all calls to Aeron that may wait
 * or touch files; ranks hand it work and look at the outcome, so that no rank ever blocks, and an interrupt of a rank's thread
 * reaches no file. Frames do not pass through it.
 *
 * <p>Aeron unmaps the channels' memory when the connection breaks. That would crash a rank that is just copying, so the thread
 * holds Aeron back until the last channel user has gone.
 */
final class AeronClient {
    private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final long PROBE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    /** Long enough that no copy out of a channel that has ended is still under way when its memory is unmapped. */
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final DriverNote note;
    private final Liveness driver;
    private final Queue<Consumer<Aeron>> commands = new ConcurrentLinkedQueue<>();
    private final List<BooleanSupplier> pending = new ArrayList<>();
    private final List<AeronOutgoing> watched = new ArrayList<>();
    private final Thread thread;
    private Aeron aeron;
    private boolean connecting = true;
    private long flownMillis;
    private int users;
    private volatile String fault = "";
    private volatile boolean driverEnded;
    private volatile boolean driverClosed;
    private volatile String lastError = "";
    private volatile boolean stopping;
    private final DriverTimeouts timeouts;
    private long lastProbe = System.nanoTime();
    private long heartbeat;
    private long stalledNanos;

    /** Whether the driver's process or thread still runs. */
    interface Liveness {
        boolean alive() throws IOException;
    }

    private AeronClient(DriverNote note, Liveness driver, DriverTimeouts timeouts) {
        this.note = note;
        this.driver = driver;
        this.timeouts = timeouts;
        this.thread = Thread.ofPlatform().daemon().name("braid-aeron-client").unstarted(this::run);
    }

    /**
     * Connects to a driver. Blocks until it answers.
     *
     * @throws RuntimeException when it does not in time
     */
    static AeronClient connect(DriverNote note, Liveness driver, DriverTimeouts timeouts, Duration patience)
            throws IOException {
        AeronClient client = new AeronClient(note, driver, timeouts);
        if (!CommonContext.isDriverActive(note.folder().toFile(), patience.toMillis(), message -> {})) {
            throw new DriverTimeoutException(note + " gives no sign of life");
        }
        client.aeron = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(note.folder().toString())
                .clientName("braid")
                .driverTimeoutMs(timeouts.driver().toMillis())
                .useConductorAgentInvoker(true)
                .keepAliveIntervalNs(Math.min(timeouts.client().toNanos() / 4, TimeUnit.MILLISECONDS.toNanos(500)))
                .resourceLingerDurationNs(LINGER_NANOS)
                .epochClock(client::epochMillis)
                .awaitingIdleStrategy(new SleepingIdleStrategy(TimeUnit.MICROSECONDS.toNanos(100)))
                .preTouchMappedMemory(false)
                .errorHandler(client::onError)
                .subscriberErrorHandler(AeronClient::rethrow)
                .closeHandler(client::awaitUsers));
        client.connecting = false;
        boolean answered = false;
        try {
            client.awaitAnswer(patience);
            answered = true;
        } finally {
            if (!answered) {
                client.stopping = true;
                client.aeron.close();
            }
        }
        client.thread.start();
        return client;
    }

    /**
     * Time of day for Aeron, which waits for the first sign of life of a driver for as long as it may later be silent. When the
     * driver ends before there is a connection, time flies, so that the wait is over.
     */
    private long epochMillis() {
        try {
            if (connecting && !driver.alive()) {
                flownMillis += TimeUnit.DAYS.toMillis(1);
            }
        } catch (IOException unknown) {
            // Then the wait takes its usual time.
        }
        return System.currentTimeMillis() + (connecting ? flownMillis : 0);
    }

    /** A folder can be that of a driver that has just died: only an answer proves that it lives. */
    private void awaitAnswer(Duration patience) throws IOException {
        long question = aeron.asyncAddSubscription("aeron:ipc", Integer.MIN_VALUE);
        long start = System.nanoTime();
        for (int round = 1; aeron.isCommandActive(question); round++) {
            if (System.nanoTime() - start > patience.toNanos() || (round % 50 == 0 && !driver.alive())) {
                throw new DriverTimeoutException(note + " does not answer");
            }
            aeron.conductorAgentInvoker().invoke();
            LockSupport.parkNanos(IDLE_NANOS / 20);
        }
        aeron.asyncRemoveSubscription(question);
    }

    DriverNote note() {
        return note;
    }

    /** Why nothing works any more; empty while it does. */
    String fault() {
        return fault;
    }

    /** The last complaint of Aeron, for a person; empty when there was none. */
    String lastError() {
        return lastError;
    }

    /** Runs {@code command} soon, on the client's thread; never when the client is broken. */
    void execute(Consumer<Aeron> command) {
        commands.add(command);
        LockSupport.unpark(thread);
    }

    /** On the client's thread only: runs {@code step} now and then until it answers true. */
    void repeat(BooleanSupplier step) {
        pending.add(step);
    }

    /** True when the driver's process or thread has ended; false when there is no fault, or another one. */
    boolean driverEnded() {
        return driverEnded;
    }

    /** True when the driver's process has closed it in order, as it does some time after a failure of another rank. */
    boolean driverClosed() {
        return driverClosed;
    }

    /** On the client's thread only: looks now and then whether the channel's peer still lives. */
    void watch(AeronOutgoing channel) {
        watched.add(channel);
    }

    /** On the client's thread only: the end of {@link #watch}. */
    void forget(AeronOutgoing channel) {
        watched.remove(channel);
    }

    /** Announces a transport that will touch memory of channels. */
    synchronized void attach() {
        users++;
    }

    /** The transport will touch no memory of channels any more. */
    synchronized void detach() {
        users--;
        notifyAll();
    }

    /** True when no transport is attached. */
    synchronized boolean unused() {
        return users == 0;
    }

    /** Ends the connection. All transports must have detached. */
    void close() {
        stopping = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            AgentInvoker conductor = aeron.conductorAgentInvoker();
            while (!stopping && fault.isEmpty()) {
                int work = runCommands();
                pending.removeIf(BooleanSupplier::getAsBoolean);
                work += conductor.invoke();
                probe();
                if (work == 0) {
                    LockSupport.parkNanos(pending.isEmpty() ? IDLE_NANOS : IDLE_NANOS / 20);
                }
            }
            runCommands();
        } catch (Throwable failure) {
            breakDown(failure.toString());
        } finally {
            awaitUsers();
            aeron.close();
        }
    }

    private int runCommands() {
        int count = 0;
        for (Consumer<Aeron> command = commands.poll(); command != null; command = commands.poll()) {
            command.accept(aeron);
            count++;
        }
        return count;
    }

    /** The system frees the lock of a dead JVM at once; a stopped one shows by its driver's heartbeat. */
    private void probe() throws IOException {
        long since = System.nanoTime() - lastProbe;
        if (since < PROBE_NANOS) {
            return;
        }
        lastProbe += since;
        long beat = aeron.context().toDriverBuffer().consumerHeartbeatTime();
        // A long gap between probes is a pause of this process, and says nothing about the driver.
        stalledNanos = beat == heartbeat ? stalledNanos + Math.min(since, 2 * PROBE_NANOS) : 0;
        heartbeat = beat;
        if (!driver.alive()) {
            // One that ends in order removes its folder before it frees its lock; one that was killed cannot.
            driverEnded = Files.exists(note.folder());
            driverClosed = !driverEnded;
            breakDown(driverEnded ? "it has ended" : "its process has closed it");
        } else if (stalledNanos > timeouts.stall().toNanos()) {
            breakDown("no sign of life for " + TimeUnit.NANOSECONDS.toMillis(stalledNanos)
                    + " ms; its process is stopped, starved or paused");
        }
        watched.forEach(AeronOutgoing::probe);
    }

    private void awaitUsers() {
        if (!stopping) {
            breakDown("it does not answer");
        }
        synchronized (this) {
            while (users > 0) {
                try {
                    wait();
                } catch (InterruptedException nobodyMay) {
                    throw new IllegalStateException(nobodyMay);
                }
            }
        }
    }

    private void onError(Throwable failure) {
        lastError = failure.toString();
        if (failure instanceof TimeoutException) {
            breakDown(failure.getMessage());
        }
    }

    private void breakDown(String reason) {
        if (fault.isEmpty()) {
            fault = note + " is gone: " + reason;
        }
    }

    private static void rethrow(Throwable failure) {
        if (failure instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        throw new IllegalStateException(failure);
    }
}
