package dev.braid.parallelism.transport.simulated;

import java.util.ArrayList;
import java.util.List;

/** A fault that happens once, at a known moment. Times are nanoseconds of the simulated clock, which starts at 0. */
public sealed interface ScheduledFault {
    /** A moment that never comes. */
    long NEVER = Long.MAX_VALUE;

    /** The latest moment that comes: 36 years. Delays added to it do not overflow. */
    long LATEST = Long.MAX_VALUE / 8;

    /** One direction between two ranks. */
    record Link(int from, int to) {
        @Override
        public String toString() {
            return from + "->" + to;
        }
    }

    /**
     * Nothing passes some links from one time until another. Frames that were under way before it still arrive.
     *
     * @param until the time at which frames pass again, or {@link #NEVER}
     * @param held frames sent meanwhile arrive after it, as from a link that sends again what was lost; else they are lost
     */
    record Partition(List<Link> links, long from, long until, boolean held) implements ScheduledFault {
        public Partition {
            links = List.copyOf(links);
            period("partition", from, until);
        }

        /** Both directions between two ranks. */
        public static Partition between(int rank, int other, long from, long until, boolean held) {
            return new Partition(List.of(new Link(rank, other), new Link(other, rank)), from, until, held);
        }

        /** All links, both ways, between the ranks of {@code side} and the others of {@code ranks}. */
        public static Partition splitting(List<Integer> side, int ranks, long from, long until, boolean held) {
            List<Link> links = new ArrayList<>();
            for (int rank : side) {
                for (int other = 0; other < ranks; other++) {
                    if (!side.contains(other)) {
                        links.add(new Link(rank, other));
                        links.add(new Link(other, rank));
                    }
                }
            }
            return new Partition(links, from, until, held);
        }
    }

    /**
     * A rank dies, be it in the middle of a poll. It is never polled again, what it goes on to send is not taken, and nothing is
     * delivered to it.
     *
     * @param step dies at this step of the network (see {@link SimulatedNetwork#steps()}), or {@link #NEVER}
     * @param time dies at this time, or {@link #NEVER}; the earlier of the two counts
     * @param lost probability that a frame of its under way is lost, and then all that follow it on its channel
     * @param noticed nanoseconds after which the channels of its peers end; {@link #NEVER}: they stay silent
     */
    record Kill(int rank, long step, long time, double lost, long noticed) implements ScheduledFault {
        public Kill {
            FrameFaults.probability("lost", lost);
            moment("the step of a kill", step);
            moment("the time of a kill", time);
            moment("the time until a kill is noticed", noticed);
        }

        /** Dies at a step; all of its frames under way arrive, and its channels stay silent. */
        public static Kill atStep(int rank, long step) {
            return new Kill(rank, step, NEVER, 0, NEVER);
        }

        /** Dies at a time; all of its frames under way arrive, and its channels stay silent. */
        public static Kill atTime(int rank, long time) {
            return new Kill(rank, NEVER, time, 0, NEVER);
        }
    }

    /** A rank is not polled for a while, as after SIGSTOP; what arrives waits. {@code until} may be {@link #NEVER}. */
    record Stop(int rank, long from, long until) implements ScheduledFault {
        public Stop {
            period("stop", from, until);
        }
    }

    /** Each poll of a rank takes this long. */
    record Slow(int rank, long pollNanos) implements ScheduledFault {
        public Slow {
            if (pollNanos < 2 || pollNanos > LATEST) {
                throw new IllegalArgumentException(
                        "polls of " + pollNanos + " ns, must take from 2 to " + LATEST + " ns");
            }
        }
    }

    /** The channels of one direction that are open at a time end; what is under way on them is lost. */
    record Cut(Link link, long time) implements ScheduledFault {
        public Cut {
            moment("the time of a cut", time);
        }
    }

    private static void moment(String name, long value) {
        if (value < 0 || (value > LATEST && value != NEVER)) {
            throw new IllegalArgumentException(
                    name + " is " + value + ", must be from 0 to " + LATEST + ", or ScheduledFault.NEVER");
        }
    }

    private static void period(String name, long from, long until) {
        moment("the start of a " + name, from);
        moment("the end of a " + name, until);
        if (until <= from) {
            throw new IllegalArgumentException(
                    "a " + name + " from " + from + " until " + until + " ns, must end after its start");
        }
    }
}
