package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Room for {@code ceil(factor k n / E)} tokens at each expert when n tokens choose k of E experts each (Lepikhin et al. 2020, arXiv
 * 2006.16668, section 2.2). Tokens beyond it don't go to that expert; nothing is given to others in their place. A strategy without
 * state.
 */
public record Capacity(double factor, Drop drop) {
    /** Which tokens go without an expert that has no room for all. */
    public enum Drop {
        /** Those with the least probability for that expert; of equal ones the later. */
        PROBABILITY,
        /** Those that come last. */
        POSITION
    }

    /** Tokens that an expert has room for. */
    public int room(int tokens, double meanExperts, int experts) {
        return (int) Math.min(tokens, Math.ceil(factor * meanExperts * tokens / experts));
    }

    /**
     * Sets {@code kept} to the experts of {@code selection} that have room.
     *
     * @param room tokens of each expert
     * @param kept I32 [n, K]; {@link Selection#NONE} where an expert has no room
     * @return slots of the selection that are empty now and were not
     */
    public long limit(Compute compute, Selection selection, int room, Tensor kept) {
        int experts = Math.toIntExact(selection.probabilities().shape().columns());
        int slots = Math.toIntExact(selection.experts().shape().columns());
        kept.copyFrom(selection.experts());
        if (compute.workers().rehearsing()) {
            return 0;
        }
        int[][] chosen = slotsOf(selection.experts(), experts);
        AtomicLong dropped = new AtomicLong();
        long keptAt = kept.address();
        long probabilitiesAt = selection.probabilities().address();
        compute.workers().run(experts, expert -> {
            int[] mine = chosen[expert];
            if (mine.length > room) {
                order(mine, slots, expert, probabilitiesAt, experts);
                for (int i = room; i < mine.length; i++) {
                    Addresses.setInt(keptAt, mine[i], Selection.NONE);
                }
                dropped.addAndGet(mine.length - room);
            }
        });
        return dropped.get();
    }

    /** Slots by expert, in the order of tokens. */
    private static int[][] slotsOf(Tensor selected, int experts) {
        int[] counts = new int[experts];
        long at = selected.address();
        for (int slot = 0; slot < selected.count(); slot++) {
            int expert = Addresses.getInt(at, slot);
            if (expert >= 0) {
                counts[expert]++;
            }
        }
        int[][] slots = new int[experts][];
        Arrays.setAll(slots, e -> new int[counts[e]]);
        Arrays.fill(counts, 0);
        for (int slot = 0; slot < selected.count(); slot++) {
            int expert = Addresses.getInt(at, slot);
            if (expert >= 0) {
                slots[expert][counts[expert]++] = slot;
            }
        }
        return slots;
    }

    /** Puts the slots that are to be kept first. */
    private void order(int[] mine, int slots, int expert, long probabilities, int experts) {
        if (drop == Drop.POSITION) {
            return;
        }
        long[] keys = new long[mine.length];
        for (int i = 0; i < mine.length; i++) {
            long row = TopK.row(probabilities, mine[i] / slots, experts);
            keys[i] = Ranking.key(Addresses.getFloat(row, expert), mine[i]);
        }
        Arrays.sort(keys);
        Arrays.setAll(mine, i -> Ranking.index(keys[i]));
    }
}
