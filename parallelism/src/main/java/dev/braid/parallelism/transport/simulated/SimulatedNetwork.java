package dev.braid.parallelism.transport.simulated;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.Receiver;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Kill;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Partition;
import java.util.ArrayList;
import java.util.List;

/**
 * The links between some ranks, under a clock that moves only when it is told to. What becomes of a frame is drawn from the seed
 * when it is sent. Everything happens in the calling thread.
 *
 * <p>A rank here is a place in the network: also a stranger, or a rank of an older attempt, has one of its own.
 */
public final class SimulatedNetwork implements AutoCloseable {
    private static final int KEPT_EVENTS = 256;
    private static final long KIND_FRAME = 0;
    private static final long KIND_CONNECTED = 1;
    private static final long KIND_ENDED = 2;
    private static final long KIND_BROKEN = 3;
    private static final long KIND_KILL = 4;
    private static final long KIND_CUT = 5;
    private static final long KIND_STOPPED = 6;
    private static final long KIND_RESUMED = 7;

    private final long seed;
    private final NetworkFaults faults;
    private final FaultSchedule schedule;
    private final SeededRandom random;
    private final EventQueue events = new EventQueue();
    private final FramePool pool;
    private final boolean ownsPool;
    private final Trace trace;
    private final SimulatedTransport[] transports;
    private final List<Channel> channels = new ArrayList<>();
    private long clock;
    private long steps;
    private long nextKill;

    /** A network of {@code ranks} ranks with memory and a trace of its own. */
    public SimulatedNetwork(int ranks, long seed, NetworkFaults faults) {
        this(ranks, seed, faults, new FramePool(faults.maxFrame()), true, new Trace(KEPT_EVENTS));
    }

    /**
     * A network of {@code ranks} ranks.
     *
     * @param pool for its frames; belongs to the caller, who may pass it on to the next network when this one is closed
     * @param trace of its events; cleared now
     */
    public SimulatedNetwork(int ranks, long seed, NetworkFaults faults, FramePool pool, Trace trace) {
        this(ranks, seed, faults, pool, false, trace);
    }

    private SimulatedNetwork(
            int ranks, long seed, NetworkFaults faults, FramePool pool, boolean ownsPool, Trace trace) {
        if (ranks < 1) {
            throw new IllegalArgumentException("a network of " + ranks + " ranks, must have at least 1");
        }
        if (faults.maxFrame() > pool.slotBytes()) {
            throw new IllegalArgumentException("frames of " + faults.maxFrame()
                    + " bytes do not fit into the pool, which is made for " + pool.slotBytes());
        }
        this.seed = seed;
        this.faults = faults;
        this.pool = pool;
        this.ownsPool = ownsPool;
        this.trace = trace;
        trace.clear();
        random = new SeededRandom(seed);
        transports = new SimulatedTransport[ranks];
        for (int rank = 0; rank < ranks; rank++) {
            transports[rank] = new SimulatedTransport(this, rank);
        }
        schedule = new FaultSchedule(ranks, faults.scheduled());
        scheduleFaults();
    }

    /** The side of {@code rank}. */
    public SimulatedTransport transport(int rank) {
        return transports[rank];
    }

    /** Number of ranks. */
    public int ranks() {
        return transports.length;
    }

    /** The simulated clock in nanoseconds; it starts at 0. */
    public long nanoTime() {
        return clock;
    }

    /** Frames taken from senders, plus frames delivered to receivers, so far. */
    public long steps() {
        return steps;
    }

    /** What disturbs it. */
    public NetworkFaults faults() {
        return faults;
    }

    /** The seed of everything that is drawn. */
    public long seed() {
        return seed;
    }

    /** What has happened. */
    public Trace trace() {
        return trace;
    }

    /** True when {@code rank} is dead. */
    public boolean killed(int rank) {
        return transports[rank].killed;
    }

    /** True when something has come for {@code rank} since its last poll, or was left over by it. */
    public boolean hasInput(int rank) {
        SimulatedTransport transport = transports[rank];
        return transport.attention || transport.inbox.size() > 0;
    }

    /** The time of the next event; {@link Long#MAX_VALUE} when nothing is under way. */
    public long nextEvent() {
        return events.nextTime();
    }

    /** Lets everything happen that is due until {@code time}, and sets the clock to it. The clock never goes back. */
    public void advance(long time) {
        if (time < clock) {
            throw new IllegalArgumentException("the clock is at " + clock + " ns and cannot go back to " + time);
        }
        while (events.nextTime() <= time) {
            clock = events.nextTime();
            happen(events.remove());
        }
        clock = time;
    }

    /** The seed, how to replay it, and the faults. */
    public String describe() {
        return "seed " + seed + " (replay it with -Dbraid.seed=" + seed + "), " + ranks() + " ranks, " + steps
                + " steps so far, clock at " + clock + " ns\n" + faults.describe();
    }

    /** Ends it: frees its memory. Its transports must not be used any more. Its trace stays readable. */
    @Override
    public void close() {
        events.clear();
        if (ownsPool) {
            pool.close();
        } else {
            pool.clear();
        }
    }

    FaultSchedule schedule() {
        return schedule;
    }

    void polled(int rank) {
        trace.rank(clock, TraceKind.POLLED, rank);
    }

    String endpoint(int rank) {
        return "seed-" + seed + "/rank-" + rank;
    }

    /** The rank with this endpoint; -1 when it is not in this network. */
    int rankAt(String endpoint) {
        for (SimulatedTransport transport : transports) {
            if (endpoint.equals(endpoint(transport.rank))) {
                return transport.rank;
            }
        }
        return -1;
    }

    Outgoing dial(SimulatedTransport from, int rank) {
        SimulatedTransport to = transports[rank];
        Channel channel = new Channel(this, channels.size(), from, to);
        if (from.closed || from.killed) {
            channel.fault = "rank " + from.rank + " is closed";
            return channel;
        }
        channels.add(channel);
        from.outgoing.add(channel);
        to.incoming.add(channel);
        trace.channel(clock, TraceKind.DIALLED, channel, 0);
        long joined = schedule.joined(from.rank, rank, clock);
        if (joined != ScheduledFault.NEVER) {
            // There and back.
            later(joined - clock + delay() + delay(), KIND_CONNECTED, channel.id);
        }
        return channel;
    }

    void busy(Channel channel) {
        trace.channel(clock, TraceKind.BUSY, channel, 0);
    }

    /** Takes a frame and decides what becomes of it. */
    void transmit(Channel channel, long header, int headerBytes, long payload, int payloadBytes) {
        int slot = pool.store(header, headerBytes, payload, payloadBytes);
        trace.sent(clock, channel, pool, slot);
        FrameFaults chances = faults.frames();
        long start = passing(channel);
        if (channel.lost) {
            lose(channel, slot, TraceKind.DISCARDED);
        } else if (start == ScheduledFault.NEVER) {
            lose(channel, slot, TraceKind.CUT_OFF);
        } else if (random.chance(chances.drop())) {
            lose(channel, slot, TraceKind.DROPPED);
        } else {
            if (random.chance(chances.duplicate())) {
                trace.channel(clock, TraceKind.DUPLICATED, channel, 0);
                travel(channel, pool.copy(slot), start);
            }
            if (random.chance(chances.corrupt())) {
                long bit = random.below(8L * pool.length(slot));
                trace.channel(clock, TraceKind.CORRUPTED, channel, bit);
                pool.flip(slot, bit);
            }
            travel(channel, slot, start);
        }
        step();
    }

    /** Hands one thing from the inbox of a rank to its receiver. */
    void deliver(SimulatedTransport to, long event, Receiver receiver) {
        Channel channel = channels.get(channelOf(event));
        if (kindOf(event) == KIND_ENDED) {
            if (!channel.refused) {
                receiver.closed(channel.id, channel.ending);
            }
            return;
        }
        int slot = slotOf(event);
        if (!channel.refused) {
            step();
        }
        if (to.killed || channel.refused) {
            discard(channel, slot);
            return;
        }
        trace.channel(clock, TraceKind.DELIVERED, channel, pool.length(slot));
        try {
            receiver.frame(channel.id, pool.address(slot), pool.length(slot));
        } finally {
            free(channel, slot);
        }
    }

    void senderCloses(Channel channel) {
        trace.channel(clock, TraceKind.CLOSED, channel, 0);
        if (!channel.connected || channel.from.killed) {
            return;
        }
        if (random.chance(faults.frames().lossAtClose())) {
            channel.losing = 0.5;
        }
        long last = Math.max(clock, channel.lastArrival);
        end(channel, last - clock + delay(), "rank " + channel.from.rank + " closed the channel");
    }

    void receiverRefuses(Channel channel) {
        trace.channel(clock, TraceKind.REFUSED, channel, 0);
        channel.refused = true;
        breakLater(channel, delay(), "rank " + channel.to.rank + " refused the channel");
    }

    /** A rank closes its transport in order. */
    void leave(SimulatedTransport transport) {
        trace.rank(clock, TraceKind.LEFT, transport.rank);
        transport.outgoing.forEach(Channel::close);
        for (Channel channel : transport.incoming) {
            channel.refused = true;
            if (!transport.killed) {
                breakLater(channel, delay(), "rank " + transport.rank + " closed");
            }
        }
        empty(transport);
    }

    private void scheduleFaults() {
        for (int index = 0; index < schedule.kills.size(); index++) {
            at(schedule.kills.get(index).time(), KIND_KILL, index);
        }
        for (int index = 0; index < schedule.cuts.size(); index++) {
            at(schedule.cuts.get(index).time(), KIND_CUT, index);
        }
        for (ScheduledFault.Stop stop : schedule.stops) {
            at(stop.from(), KIND_STOPPED, stop.rank());
            at(stop.until(), KIND_RESUMED, stop.rank());
        }
        nextKill = firstKillAfter(0);
    }

    private long firstKillAfter(long step) {
        long first = ScheduledFault.NEVER;
        for (Kill kill : schedule.kills) {
            if (kill.step() > step) {
                first = Math.min(first, kill.step());
            }
        }
        return first;
    }

    private void happen(long event) {
        int number = channelOf(event);
        switch ((int) kindOf(event)) {
            case (int) KIND_FRAME -> arrive(channels.get(number), slotOf(event), event);
            case (int) KIND_CONNECTED -> connect(channels.get(number));
            case (int) KIND_ENDED -> endAtReceiver(channels.get(number), event);
            case (int) KIND_BROKEN -> breakAtSender(channels.get(number));
            case (int) KIND_KILL -> kill(schedule.kills.get(number));
            case (int) KIND_CUT -> cut(schedule.cuts.get(number).link());
            case (int) KIND_STOPPED -> trace.rank(clock, TraceKind.STOPPED, number);
            case (int) KIND_RESUMED -> trace.rank(clock, TraceKind.RESUMED, number);
            default -> throw new AssertionError("unknown event " + Long.toHexString(event));
        }
    }

    private void arrive(Channel channel, int slot, long event) {
        if (channel.losing > 0 && !channel.lost) {
            channel.lost = random.chance(channel.losing);
        }
        if (channel.lost || channel.ended || channel.refused || channel.to.killed) {
            trace.channel(clock, TraceKind.DISCARDED, channel, pool.length(slot));
            discard(channel, slot);
            return;
        }
        trace.channel(clock, TraceKind.ARRIVED, channel, pool.length(slot));
        channel.to.inbox.add(event);
    }

    private void connect(Channel channel) {
        // Nobody answers for a rank that is gone; whoever dials goes on trying.
        if (channel.closed || channel.from.killed || channel.to.killed || channel.to.closed) {
            return;
        }
        trace.channel(clock, TraceKind.CONNECTED, channel, 0);
        channel.connected = true;
        wake(channel);
    }

    private void endAtReceiver(Channel channel, long event) {
        if (channel.ended || channel.to.killed || channel.to.closed) {
            return;
        }
        trace.channel(clock, TraceKind.ENDED, channel, 0);
        channel.ended = true;
        channel.to.inbox.add(event);
    }

    private void breakAtSender(Channel channel) {
        if (!channel.closed && !channel.from.killed) {
            trace.channel(clock, TraceKind.BROKEN, channel, 0);
            channel.fault = channel.ending;
            channel.from.attention = true;
        }
    }

    /** Counts a frame taken or delivered; ranks may die by it. */
    private void step() {
        steps++;
        if (steps >= nextKill) {
            for (Kill kill : schedule.kills) {
                if (kill.step() == steps) {
                    kill(kill);
                }
            }
            nextKill = firstKillAfter(steps);
        }
    }

    private void kill(Kill kill) {
        SimulatedTransport dead = transports[kill.rank()];
        if (dead.killed || dead.closed) {
            return;
        }
        trace.rank(clock, TraceKind.KILLED, dead.rank);
        dead.killed = true;
        empty(dead);
        for (Channel channel : dead.outgoing) {
            channel.losing = kill.lost();
            if (kill.noticed() != ScheduledFault.NEVER && channel.connected) {
                end(channel, kill.noticed() + delay(), "the process of rank " + dead.rank + " is gone");
            }
        }
        for (Channel channel : dead.incoming) {
            if (kill.noticed() != ScheduledFault.NEVER) {
                breakLater(channel, kill.noticed() + delay(), "the process of rank " + dead.rank + " is gone");
            }
        }
    }

    private void cut(ScheduledFault.Link link) {
        for (Channel channel : transports[link.from()].outgoing) {
            if (channel.to.rank == link.to() && channel.connected && !channel.closed) {
                channel.losing = 1;
                channel.lost = true;
                String reason = "the connection from rank " + link.from() + " to rank " + link.to() + " was cut";
                end(channel, delay(), reason);
                breakLater(channel, delay(), reason);
            }
        }
    }

    /** When a frame that is sent now leaves; {@link ScheduledFault#NEVER} when a partition swallows it. */
    private long passing(Channel channel) {
        long start = clock;
        Partition partition = schedule.partition(channel.from.rank, channel.to.rank, start);
        while (partition != null) {
            start = partition.held() ? partition.until() : ScheduledFault.NEVER;
            partition = start == ScheduledFault.NEVER
                    ? null
                    : schedule.partition(channel.from.rank, channel.to.rank, start);
        }
        if (start > clock && start != ScheduledFault.NEVER) {
            trace.channel(clock, TraceKind.HELD, channel, start - clock);
        }
        return start;
    }

    private void travel(Channel channel, int slot, long start) {
        long arrival = start + delay();
        if (!random.chance(faults.frames().reorder())) {
            arrival = Math.max(arrival, channel.lastInOrder);
            channel.lastInOrder = arrival;
        }
        channel.lastArrival = Math.max(channel.lastArrival, arrival);
        channel.queued++;
        channel.queuedBytes += pool.length(slot);
        at(arrival, KIND_FRAME, channel.id | ((long) slot << 32));
    }

    private void lose(Channel channel, int slot, TraceKind kind) {
        trace.channel(clock, kind, channel, pool.length(slot));
        pool.release(slot);
    }

    private void end(Channel channel, long delay, String reason) {
        if (channel.ending.isEmpty()) {
            channel.ending = reason;
        }
        later(delay, KIND_ENDED, channel.id);
    }

    private void breakLater(Channel channel, long delay, String reason) {
        if (channel.ending.isEmpty()) {
            channel.ending = reason;
        }
        later(delay, KIND_BROKEN, channel.id);
    }

    private void empty(SimulatedTransport transport) {
        while (transport.inbox.size() > 0) {
            long event = transport.inbox.remove();
            if (kindOf(event) == KIND_FRAME) {
                discard(channels.get(channelOf(event)), slotOf(event));
            }
        }
    }

    /** Throws a frame away. Nobody makes room at a dead rank: its peers' channels fill up. */
    private void discard(Channel channel, int slot) {
        if (channel.to.killed) {
            pool.release(slot);
        } else {
            free(channel, slot);
        }
    }

    private void free(Channel channel, int slot) {
        channel.queued--;
        channel.queuedBytes -= pool.length(slot);
        pool.release(slot);
        wake(channel);
    }

    private static void wake(Channel channel) {
        if (channel.waiting) {
            channel.waiting = false;
            channel.from.attention = true;
        }
    }

    private long delay() {
        return faults.delays().draw(random);
    }

    private void later(long delay, long kind, long number) {
        at(clock + delay, kind, number);
    }

    private void at(long time, long kind, long number) {
        if (time != ScheduledFault.NEVER) {
            events.add(time, (kind << 60) | number);
        }
    }

    private static long kindOf(long event) {
        return event >>> 60;
    }

    private static int slotOf(long event) {
        return (int) (event >>> 32) & 0xFFFFFFF;
    }

    private static int channelOf(long event) {
        return (int) event;
    }
}
