package dev.braid.parallelism.transport.simulated;

import dev.braid.parallelism.transport.simulated.ScheduledFault.Partition;

/** What becomes of frames between their senders and the inboxes of their receivers. */
final class FrameCarrier {
    private final NetworkFaults faults;
    private final FaultSchedule schedule;
    private final SeededRandom random;
    private final EventQueue events;
    private final FramePool pool;
    private final Trace trace;

    FrameCarrier(
            NetworkFaults faults,
            FaultSchedule schedule,
            SeededRandom random,
            EventQueue events,
            FramePool pool,
            Trace trace) {
        this.faults = faults;
        this.schedule = schedule;
        this.random = random;
        this.events = events;
        this.pool = pool;
        this.trace = trace;
    }

    /** Takes a frame and decides what becomes of it. */
    void send(long clock, Channel channel, int slot) {
        trace.sent(clock, channel, pool, slot);
        FrameFaults chances = faults.frames();
        long start = passing(clock, channel);
        if (channel.lost) {
            lose(clock, channel, slot, TraceKind.DISCARDED);
        } else if (start == ScheduledFault.NEVER) {
            lose(clock, channel, slot, TraceKind.CUT_OFF);
        } else if (random.chance(chances.drop())) {
            lose(clock, channel, slot, TraceKind.DROPPED);
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
    }

    /** A frame comes to the end of its channel. */
    void arrive(long clock, Channel channel, long event) {
        int slot = Event.slot(event);
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

    /** Throws a frame away. Nobody makes room at a dead rank: its peers' channels fill up. */
    void discard(Channel channel, int slot) {
        if (channel.to.killed) {
            pool.release(slot);
        } else {
            free(channel, slot);
        }
    }

    /** A frame leaves the channel and makes room. */
    void free(Channel channel, int slot) {
        channel.queued--;
        channel.queuedBytes -= pool.length(slot);
        pool.release(slot);
        channel.wakeSender();
    }

    /** When a frame that is sent now leaves; {@link ScheduledFault#NEVER} when a partition swallows it. */
    private long passing(long clock, Channel channel) {
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
        long arrival = start + faults.delays().draw(random);
        if (!random.chance(faults.frames().reorder())) {
            arrival = Math.max(arrival, channel.lastInOrder);
            channel.lastInOrder = arrival;
        }
        channel.lastArrival = Math.max(channel.lastArrival, arrival);
        channel.queued++;
        channel.queuedBytes += pool.length(slot);
        events.add(arrival, Event.frame(slot, channel.id));
    }

    private void lose(long clock, Channel channel, int slot, TraceKind kind) {
        trace.channel(clock, kind, channel, pool.length(slot));
        pool.release(slot);
    }
}
