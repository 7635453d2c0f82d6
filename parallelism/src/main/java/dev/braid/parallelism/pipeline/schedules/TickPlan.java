package dev.braid.parallelism.pipeline.schedules;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * When each rank of a V runs what, in ticks that all last equally long. Five parts a rank: F of its two chunks, I of both, and, where
 * weights are in the plan, W, which is of whichever I waits longest. A plan never changes: each step gives a new one.
 */
final class TickPlan {
    static final int FORWARD_DOWN = 0;
    static final int FORWARD_UP = 1;
    static final int INPUT_UP = 2;
    static final int INPUT_DOWN = 3;
    static final int WEIGHT = 4;

    /** A free tick. */
    static final int IDLE = 5;

    private record Place(int tick, int rank, int part, int index) {}

    /** For each rank and part, the ticks in ascending order. */
    private final int[][][] ticks;

    /** @param ticks for each rank and part the tick of each micro-batch, ascending */
    TickPlan(int[][][] ticks) {
        this.ticks = ticks;
    }

    int ranks() {
        return ticks.length;
    }

    /** What a rank runs at each tick. */
    int[] parts(int rank) {
        return parts(ticks[rank]);
    }

    /** With W in the free ticks of each rank, as early as there is one to run. */
    TickPlan withWeights() {
        return new TickPlan(Arrays.stream(ticks).map(TickPlan::withWeights).toArray(int[][][]::new));
    }

    /** Without W. */
    TickPlan withoutWeights() {
        return new TickPlan(
                Arrays.stream(ticks).map(rank -> Arrays.copyOf(rank, WEIGHT)).toArray(int[][][]::new));
    }

    /** In the same order with no idle tick but where a rank waits for another. */
    TickPlan squeezed() {
        int[][][] earlier = copy();
        int[] free = new int[ranks()];
        for (Place place : places()) {
            int tick = Math.max(free[place.rank()], earliest(earlier, place));
            earlier[place.rank()][place.part()][place.index()] = tick;
            free[place.rank()] = tick + 1;
        }
        return new TickPlan(earlier);
    }

    /**
     * With what comes before the first rank's first I of the lower chunk, and after its last F, moved to the first free tick where
     * its needs are met and the rank's memory stays below what the fullest rank has in this plan. Between the two, blocks repeat as
     * they are. Without W in the plan only the end moves: what W in the free ticks would make of the start is settled before.
     */
    TickPlan reordered() {
        int[][][] moved = copy();
        int limit = Arrays.stream(ticks).mapToInt(TickPlan::peak).max().orElseThrow();
        boolean weights = ticks[0].length > WEIGHT;
        boolean[][] taken =
                Arrays.stream(ticks).map(rank -> new boolean[end(rank)]).toArray(boolean[][]::new);
        boolean started = false;
        boolean ended = false;
        for (Place place : places()) {
            started |= place.rank() == 0 && place.part() == INPUT_DOWN;
            if (started ? ended : weights) {
                move(moved, taken[place.rank()], place, limit);
            }
            ended |= place.rank() == 0 && place.part() == FORWARD_DOWN && place.index() + 1 == ticks[0][0].length;
            taken[place.rank()][moved[place.rank()][place.part()][place.index()]] = true;
        }
        return new TickPlan(moved);
    }

    private void move(int[][][] moved, boolean[] taken, Place place, int limit) {
        int[][] rank = moved[place.rank()];
        for (int tick = earliest(moved, place); tick < place.tick(); tick++) {
            if (!taken[tick]) {
                rank[place.part()][place.index()] = tick;
                if (peak(rank) <= limit) {
                    return;
                }
            }
        }
        rank[place.part()][place.index()] = place.tick();
    }

    /** The first tick at which a place has what it needs from others. */
    private static int earliest(int[][][] ticks, Place place) {
        int rank = place.rank();
        int part = place.part();
        int index = place.index();
        int last = -1;
        if (part == WEIGHT) {
            last = IntStream.concat(Arrays.stream(ticks[rank][INPUT_UP]), Arrays.stream(ticks[rank][INPUT_DOWN]))
                    .sorted()
                    .skip(index)
                    .findFirst()
                    .orElseThrow();
        } else {
            int from = part == FORWARD_DOWN || part == INPUT_UP ? rank - 1 : rank + 1;
            if (from >= 0 && from < ticks.length) {
                last = ticks[from][part][index];
            }
            if (part > 0) {
                last = Math.max(last, ticks[rank][part - 1][index]);
            }
        }
        return 1 + (index > 0 ? Math.max(last, ticks[rank][part][index - 1]) : last);
    }

    private static int[][] withWeights(int[][] rank) {
        int[] weights = new int[2 * rank[FORWARD_DOWN].length];
        int inputs = 0;
        int placed = 0;
        int[] parts = parts(rank);
        for (int tick = 0; tick < parts.length || placed < inputs; tick++) {
            int part = tick < parts.length ? parts[tick] : IDLE;
            if (part == INPUT_UP || part == INPUT_DOWN) {
                inputs++;
            } else if (part == IDLE && placed < inputs) {
                weights[placed++] = tick;
            }
        }
        int[][] with = Arrays.copyOf(rank, WEIGHT + 1);
        with[WEIGHT] = weights;
        return with;
    }

    /** The most chunks that a rank holds, each from its F to its W; where there is no W in the plan, free ticks run it. */
    private static int peak(int[][] rank) {
        boolean weights = rank.length > WEIGHT;
        int waiting = 0;
        int held = 0;
        int most = 0;
        for (int part : parts(rank)) {
            switch (part) {
                case FORWARD_DOWN, FORWARD_UP -> held++;
                case INPUT_UP, INPUT_DOWN -> waiting++;
                default -> {
                    if (part == WEIGHT || (!weights && waiting > 0)) {
                        waiting--;
                        held--;
                    }
                }
            }
            most = Math.max(most, held);
        }
        return most;
    }

    private static int[] parts(int[][] rank) {
        int[] parts = new int[end(rank)];
        Arrays.fill(parts, IDLE);
        for (int part = 0; part < rank.length; part++) {
            for (int tick : rank[part]) {
                parts[tick] = part;
            }
        }
        return parts;
    }

    /** The number of ticks up to the last that is taken. */
    private static int end(int[][] rank) {
        return 1 + Arrays.stream(rank).flatMapToInt(Arrays::stream).max().orElseThrow();
    }

    private int[][][] copy() {
        return Arrays.stream(ticks)
                .map(rank -> Arrays.stream(rank).map(int[]::clone).toArray(int[][]::new))
                .toArray(int[][][]::new);
    }

    /** Everything in the order of ticks, then of ranks. */
    private List<Place> places() {
        List<Place> places = new ArrayList<>();
        for (int rank = 0; rank < ranks(); rank++) {
            for (int part = 0; part < ticks[rank].length; part++) {
                for (int index = 0; index < ticks[rank][part].length; index++) {
                    places.add(new Place(ticks[rank][part][index], rank, part, index));
                }
            }
        }
        places.sort(Comparator.comparingInt(Place::tick)
                .thenComparingInt(Place::rank)
                .thenComparingInt(Place::part));
        return places;
    }
}
