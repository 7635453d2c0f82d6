package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.Traffic;
import dev.braid.tensor.trace.Recorder;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An {@link Engine} with a thread that polls it while nobody waits. */
public final class RankFabric implements Fabric {
    private static final Logger LOG = LoggerFactory.getLogger(RankFabric.class);

    /** Sleep between polls while operations are in flight, in nanoseconds: as short as this after something has moved. */
    private static final long BUSY_PAUSE = 20_000;

    /**
     * Polls without anything to do after which the sleep doubles, and how often it does: to 640 us after some 12 ms. A pipeline has
     * receives in flight all the time, and looking for them every 20 us took a quarter of a core from what computes.
     */
    private static final int POLLS_A_PAUSE = 16;

    private static final int MOST_DOUBLINGS = 5;

    /** Polls that are counted: beyond, nothing changes. */
    private static final int MOST_POLLS = POLLS_A_PAUSE * (MOST_DOUBLINGS + 2);

    /** Sleep between polls while there is nothing but heartbeats. */
    private static final long IDLE_PAUSE = 2_000_000;

    private final Engine engine;
    private final Communicator world;
    private final Thread progress;
    private volatile boolean closing;

    public RankFabric(Engine engine) {
        this.engine = engine;
        this.world = group(
                "world", IntStream.range(0, engine.addresses().size()).boxed().toList());
        this.progress = Thread.ofPlatform()
                .name("braid-communication-" + engine.rank)
                .daemon()
                .start(this::progress);
    }

    private void progress() {
        int idle = 0;
        while (!closing) {
            if (engine.polledByWaiters()) {
                LockSupport.parkNanos(IDLE_PAUSE);
                continue;
            }
            idle = engine.tryPoll() > 0 ? 0 : Math.min(idle + 1, MOST_POLLS);
            if (idle == 0) {
                continue;
            }
            if (engine.busy() && idle < POLLS_A_PAUSE) {
                Thread.yield();
            } else {
                LockSupport.parkNanos(engine.busy() ? busyPause(idle) : IDLE_PAUSE);
            }
        }
    }

    private static long busyPause(int idle) {
        return BUSY_PAUSE << Math.min(MOST_DOUBLINGS, idle / POLLS_A_PAUSE - 1);
    }

    @Override
    public int rank() {
        return engine.rank;
    }

    @Override
    public int ranks() {
        return engine.addresses().size();
    }

    @Override
    public Communicator world() {
        return world;
    }

    @Override
    public Communicator group(String name, List<Integer> ranks) {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a group needs a name");
        }
        if (!ranks.contains(rank())) {
            throw new IllegalArgumentException("rank " + rank() + " is not in group " + name + " of ranks " + ranks);
        }
        if (new HashSet<>(ranks).size() != ranks.size()
                || ranks.stream().anyMatch(member -> member < 0 || member >= ranks())) {
            throw new IllegalArgumentException(
                    "group " + name + " has ranks " + ranks + ", must be different ones of 0 to " + (ranks() - 1));
        }
        return new GroupCommunicator(engine, engine.group(name, ranks));
    }

    @Override
    public Traffic traffic() {
        return engine.traffic();
    }

    @Override
    public long bytesTo(int rank) {
        return engine.bytesTo(rank);
    }

    @Override
    public long bufferBytes() {
        return engine.bufferBytes();
    }

    @Override
    public void record(Recorder listener) {
        engine.record(listener);
    }

    @Override
    public Optional<CommunicationException> failure() {
        return engine.failure();
    }

    @Override
    public void abort(String reason) {
        engine.abort(reason);
    }

    @Override
    public String describe() {
        return engine.describe();
    }

    @Override
    public void close() {
        if (closing) {
            return;
        }
        engine.leave();
        // A healthy rank waits for the farewells of all; one that has failed, only until the others have been told.
        long limit = engine.settings.deadline().toNanos();
        long start = System.nanoTime();
        while (!engine.departed() && System.nanoTime() - start < (engine.healthy() ? limit : limit / 4)) {
            if (engine.poll() == 0) {
                LockSupport.parkNanos(100_000);
            }
        }
        if (engine.healthy() && !engine.departed()) {
            LOG.warn(
                    "rank {} closes although not all peers have said farewell within {}: {}",
                    rank(),
                    Engine.millis(limit),
                    engine.describe());
        }
        closing = true;
        boolean interrupted = Thread.interrupted();
        try {
            progress.join();
        } catch (InterruptedException again) {
            interrupted = true;
        }
        engine.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
