package dev.braid.parallelism.transport.simulated;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.Receiver;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Kill;
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

    private final long seed;
    private final NetworkFaults faults;
    private final FaultSchedule schedule;
    private final SeededRandom random;
    private final EventQueue events = new EventQueue();
    private final FramePool pool;
    private final boolean ownsPool;
    private final Trace trace;
    private final FrameCarrier carrier;
    private final SimulatedTransport[] transports;
    private final List<Channel> channels = new ArrayList<>();
    private long clock;
    private long steps;
    private long nextKill;
    private boolean closed;

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
        carrier = new FrameCarrier(faults, schedule, random, events, pool, trace);
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

    /** Ends it and all of its transports, and gives its memory back. Its trace stays readable. Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        events.clear();
        for (SimulatedTransport transport : transports) {
            transport.closed = true;
            transport.inbox.clear();
        }
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

    /** The rank with this endpoint; -1 when it is not in this network. */
    int rankAt(String endpoint) {
        for (SimulatedTransport transport : transports) {
            if (endpoint.equals(transport.endpoint)) {
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
            later(joined - clock + delay() + delay(), Event.Kind.CONNECTED, channel.id);
        }
        return channel;
    }

    void busy(Channel channel) {
        trace.channel(clock, TraceKind.BUSY, channel, 0);
    }

    /** Takes a frame. */
    void transmit(Channel channel, long header, int headerBytes, long payload, int payloadBytes) {
        carrier.send(clock, channel, pool.store(header, headerBytes, payload, payloadBytes));
        step();
    }

    /** Hands one thing from the inbox of a rank to its receiver. */
    void deliver(SimulatedTransport to, long event, Receiver receiver) {
        Channel channel = channels.get(Event.number(event));
        if (Event.kind(event) == Event.Kind.ENDED) {
            if (!channel.refused) {
                receiver.closed(channel.id, channel.ending);
            }
            return;
        }
        int slot = Event.slot(event);
        if (!channel.refused) {
            step();
        }
        if (to.killed || channel.refused) {
            carrier.discard(channel, slot);
            return;
        }
        trace.channel(clock, TraceKind.DELIVERED, channel, pool.length(slot));
        try {
            receiver.frame(channel.id, pool.address(slot), pool.length(slot));
        } finally {
            carrier.free(channel, slot);
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
            at(schedule.kills.get(index).time(), Event.Kind.KILL, index);
        }
        for (int index = 0; index < schedule.cuts.size(); index++) {
            at(schedule.cuts.get(index).time(), Event.Kind.CUT, index);
        }
        for (ScheduledFault.Stop stop : schedule.stops) {
            at(stop.from(), Event.Kind.STOPPED, stop.rank());
            at(stop.until(), Event.Kind.RESUMED, stop.rank());
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
        int number = Event.number(event);
        switch (Event.kind(event)) {
            case FRAME -> carrier.arrive(clock, channels.get(number), event);
            case CONNECTED -> connect(channels.get(number));
            case ENDED -> endAtReceiver(channels.get(number), event);
            case BROKEN -> breakAtSender(channels.get(number));
            case KILL -> kill(schedule.kills.get(number));
            case CUT -> cut(schedule.cuts.get(number).link());
            case STOPPED -> trace.rank(clock, TraceKind.STOPPED, number);
            case RESUMED -> trace.rank(clock, TraceKind.RESUMED, number);
        }
    }

    private void connect(Channel channel) {
        // Nobody answers for a rank that is gone; whoever dials goes on trying.
        if (channel.closed || channel.from.killed || channel.to.killed || channel.to.closed) {
            return;
        }
        trace.channel(clock, TraceKind.CONNECTED, channel, 0);
        channel.connected = true;
        channel.wakeSender();
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

    private void end(Channel channel, long delay, String reason) {
        if (channel.ending.isEmpty()) {
            channel.ending = reason;
        }
        later(delay, Event.Kind.ENDED, channel.id);
    }

    private void breakLater(Channel channel, long delay, String reason) {
        if (channel.ending.isEmpty()) {
            channel.ending = reason;
        }
        later(delay, Event.Kind.BROKEN, channel.id);
    }

    private void empty(SimulatedTransport transport) {
        while (transport.inbox.size() > 0) {
            long event = transport.inbox.remove();
            if (Event.kind(event) == Event.Kind.FRAME) {
                carrier.discard(channels.get(Event.number(event)), Event.slot(event));
            }
        }
    }

    private long delay() {
        return faults.delays().draw(random);
    }

    private void later(long delay, Event.Kind kind, int number) {
        at(clock + delay, kind, number);
    }

    private void at(long time, Event.Kind kind, int number) {
        if (time != ScheduledFault.NEVER) {
            events.add(time, Event.of(kind, number));
        }
    }
}
