package dev.braid.parallelism.transport.simulated;

import dev.braid.parallelism.transport.simulated.ScheduledFault.Cut;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Kill;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Link;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Partition;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Slow;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Stop;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Draws scenarios. Each kind is meant to bring out another weakness; in each, the network below it may be calm or wild, wide or
 * narrow. Moments are spread over orders of magnitude, so that handshakes are hit as often as what comes long after them.
 */
final class FaultGenerator {
    private enum Kind {
        /** Frames take their time. */
        CALM,
        /** Long delays, frames that overtake each other, duplicates. */
        WILD,
        /** Frames get lost or damaged. */
        LOSSY,
        /** A rank dies. */
        KILL,
        /** Nothing passes between some ranks for a while, or for good. */
        PARTITION,
        /** A rank stands still for a while, or for good, or is slow. */
        STOP,
        /** A channel ends. */
        CUT,
        /** Several of these. */
        MIXED
    }

    private static final Kind[] KINDS = Kind.values();

    private final SeededRandom random;
    private final FaultScope scope;

    FaultGenerator(long seed, FaultScope scope) {
        random = new SeededRandom(seed ^ 0x6661756C7473L);
        this.scope = scope;
    }

    NetworkFaults draw() {
        Kind kind = KINDS[random.below(KINDS.length)];
        boolean wild = kind == Kind.WILD || (kind != Kind.CALM && random.chance(0.3));
        boolean narrow = random.chance(0.3);
        return new NetworkFaults(
                kind.name().toLowerCase(Locale.ROOT)
                        + (wild && kind != Kind.WILD ? ", wild" : "")
                        + (narrow ? ", narrow" : ""),
                wild ? wildDelays() : calmDelays(),
                frameFaults(kind, wild),
                narrow ? (int) random.between(1, 4) : (int) random.between(8, 64),
                narrow ? 1024 : 1024 << random.below(3),
                random.spread(100, 10_000),
                scheduled(kind));
    }

    private Delays calmDelays() {
        long base = random.spread(1_000, 100_000);
        return new Delays(base, random.below(base), 0, 0);
    }

    private Delays wildDelays() {
        long base = random.spread(1_000, 100_000);
        // Short enough that not even a handshake of several trips comes near the deadline.
        long longest = random.spread(base, Math.max(base, scope.deadlineNanos() / 40));
        return new Delays(base, base * random.between(1, 20), random.spread(1, 200) / 1000.0, longest);
    }

    private FrameFaults frameFaults(Kind kind, boolean wild) {
        boolean lossy = kind == Kind.LOSSY || (kind == Kind.MIXED && random.chance(0.3));
        boolean drops = lossy && random.chance(0.6);
        return new FrameFaults(
                wild ? random.between(0, 10) / 10.0 : 0,
                wild && random.chance(0.5) ? random.between(1, 200) / 1000.0 : 0,
                drops ? random.spread(1, 300) / 1000.0 : 0,
                lossy && !drops ? random.spread(1, 300) / 1000.0 : 0,
                random.chance(0.5) ? 0.5 : 0);
    }

    private List<ScheduledFault> scheduled(Kind kind) {
        return switch (kind) {
            case CALM, WILD, LOSSY -> List.of();
            case KILL -> List.of(kill());
            case PARTITION -> List.of(partition());
            case STOP -> List.of(random.chance(0.25) ? slow() : stop());
            case CUT -> List.of(cut());
            case MIXED -> mixed();
        };
    }

    private List<ScheduledFault> mixed() {
        List<ScheduledFault> faults = new ArrayList<>();
        for (long count = random.between(2, 4); count > 0; count--) {
            faults.add(
                    switch (random.below(5)) {
                        case 0 -> kill();
                        case 1 -> partition();
                        case 2 -> slow();
                        case 3 -> stop();
                        default -> cut();
                    });
        }
        return faults;
    }

    private Kill kill() {
        boolean noticed = random.chance(0.5);
        return new Kill(
                rank(),
                random.chance(0.5) ? random.between(1, scope.steps()) : random.spread(1, scope.steps()),
                ScheduledFault.NEVER,
                random.below(3) / 2.0,
                noticed ? random.spread(1_000, scope.deadlineNanos() / 2) : ScheduledFault.NEVER);
    }

    private Partition partition() {
        long from = moment();
        boolean held = random.chance(0.5);
        boolean forGood = random.chance(0.3);
        long until = forGood ? ScheduledFault.NEVER : from + random.spread(1_000, scope.deadlineNanos() * 2);
        int rank = rank();
        int other = (rank + 1 + random.below(scope.ranks() - 1)) % scope.ranks();
        return switch (random.below(4)) {
            case 0 -> new Partition(List.of(new Link(rank, other)), from, until, held);
            case 1 -> Partition.between(rank, other, from, until, held);
            case 2 -> Partition.splitting(List.of(rank), scope.ranks(), from, until, held);
            default -> Partition.splitting(half(), scope.ranks(), from, until, held);
        };
    }

    private List<Integer> half() {
        List<Integer> side = new ArrayList<>();
        for (int rank = 0; rank < scope.ranks(); rank++) {
            if (random.chance(0.5)) {
                side.add(rank);
            }
        }
        return side;
    }

    private Stop stop() {
        // From the very start: a rank that comes late.
        long from = random.chance(0.2) ? 0 : moment();
        boolean forGood = random.chance(0.2);
        return new Stop(
                rank(), from, forGood ? ScheduledFault.NEVER : from + random.spread(1_000, scope.deadlineNanos() * 2));
    }

    private Slow slow() {
        return new Slow(rank(), random.spread(10_000, scope.deadlineNanos() / 100));
    }

    private Cut cut() {
        int rank = rank();
        return new Cut(new Link(rank, (rank + 1 + random.below(scope.ranks() - 1)) % scope.ranks()), moment());
    }

    private int rank() {
        return random.below(scope.ranks());
    }

    private long moment() {
        return random.chance(0.5) ? random.between(1, scope.nanos()) : random.spread(1, scope.nanos());
    }
}
