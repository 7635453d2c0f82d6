package dev.braid.parallelism.transport.simulated;

import dev.braid.parallelism.transport.simulated.ScheduledFault.Cut;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Kill;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Partition;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Slow;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Stop;
import java.util.List;

/**
 * What a simulated network does to frames and ranks. Together with a seed it fixes a run.
 *
 * @param name says what kind of scenario it is, for a person
 * @param queueFrames frames of one channel that may be under way or wait for their receiver; more are
 *     {@link dev.braid.parallelism.transport.SendResult#BUSY}
 * @param maxFrame largest frame in bytes
 * @param pollNanos what a poll of a rank takes at most; at least half of it passes before the rank is polled again
 */
public record NetworkFaults(
        String name,
        Delays delays,
        FrameFaults frames,
        int queueFrames,
        int maxFrame,
        long pollNanos,
        List<ScheduledFault> scheduled) {
    public NetworkFaults {
        if (queueFrames < 1) {
            throw new IllegalArgumentException("a queue of " + queueFrames + " frames is too short, must hold 1");
        }
        if (maxFrame < 1024) {
            throw new IllegalArgumentException("frames of " + maxFrame + " bytes are too small, must be at least 1024");
        }
        if (pollNanos < 2) {
            throw new IllegalArgumentException("polls of " + pollNanos + " ns are too short, must be at least 2");
        }
        scheduled = List.copyOf(scheduled);
    }

    /** A good network: 10 us for each frame, in order, 64 frames of 2048 bytes in a channel. */
    public static NetworkFaults none() {
        return new NetworkFaults("none", Delays.constant(10_000), FrameFaults.NONE, 64, 2048, 1000, List.of());
    }

    /** One of many kinds of scenarios, drawn by its seed; see {@link FaultGenerator}. */
    public static NetworkFaults random(long seed, FaultScope scope) {
        return new FaultGenerator(seed, scope).draw();
    }

    /** The same with other delays. */
    public NetworkFaults with(Delays other) {
        return new NetworkFaults(name, other, frames, queueFrames, maxFrame, pollNanos, scheduled);
    }

    /** The same with other faults of single frames. */
    public NetworkFaults with(FrameFaults other) {
        return new NetworkFaults(name, delays, other, queueFrames, maxFrame, pollNanos, scheduled);
    }

    /** The same with other scheduled faults. */
    public NetworkFaults with(ScheduledFault... others) {
        return new NetworkFaults(name, delays, frames, queueFrames, maxFrame, pollNanos, List.of(others));
    }

    /** The same with channels of another size. */
    public NetworkFaults withQueue(int otherFrames, int otherMaxFrame) {
        return new NetworkFaults(name, delays, frames, otherFrames, otherMaxFrame, pollNanos, scheduled);
    }

    /**
     * True when no frame is changed or lost while its sender and its channel are open, and all ranks live on: what ranks do must
     * then end well if they are given the time.
     */
    public boolean lossless() {
        return frames.drop() == 0
                && frames.corrupt() == 0
                && scheduled.stream().allMatch(NetworkFaults::passesEverything);
    }

    /** True when it is {@link #lossless} and no rank can seem silent for {@code deadline} nanoseconds. */
    public boolean mustEndWell(long deadline) {
        // A handshake takes some trips one after the other, all other signs of life one; a half is left for heartbeats.
        return lossless() && silence() + 8 * delays.most() < deadline / 2;
    }

    /** Nanoseconds that scheduled faults can keep a rank from speaking, all one after the other. */
    private long silence() {
        long nanos = 0;
        for (ScheduledFault fault : scheduled) {
            nanos += switch (fault) {
                case Partition partition -> partition.until() - partition.from();
                case Stop stop -> stop.until() - stop.from();
                case Slow slow -> 8 * slow.pollNanos();
                case Kill _, Cut _ -> 0;
            };
        }
        return nanos;
    }

    private static boolean passesEverything(ScheduledFault fault) {
        return switch (fault) {
            case Partition partition -> partition.held() && partition.until() != ScheduledFault.NEVER;
            case Stop stop -> stop.until() != ScheduledFault.NEVER;
            case Slow _ -> true;
            case Kill _, Cut _ -> false;
        };
    }

    /** All of it, one fault a line. */
    public String describe() {
        StringBuilder text = new StringBuilder(name)
                .append(": queues of ")
                .append(queueFrames)
                .append(" frames of ")
                .append(maxFrame)
                .append(" bytes, polls of ")
                .append(pollNanos)
                .append(" ns\n  ")
                .append(delays)
                .append("\n  ")
                .append(frames)
                .append('\n');
        scheduled.forEach(fault -> text.append("  ").append(fault).append('\n'));
        return text.toString();
    }
}
