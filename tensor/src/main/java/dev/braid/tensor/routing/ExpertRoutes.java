package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import java.util.Arrays;
import java.util.function.BiFunction;

/**
 * Which rows of this rank's tokens go to which rank of an expert axis. A token that has several experts on a rank goes there once,
 * with a list of them; each of its slots comes back by itself, so that the sum over a token's experts has one order wherever they
 * are. Rank r has experts {@code r E / R} until {@code (r + 1) E / R}.
 *
 * @param tokenOfRow I32 [m]: the token in each row that goes out, those for rank 0 first, for each rank in the order of tokens
 * @param chosen I32 [m, L]: experts of that row, counted from the first one of the rank that it goes to, in the order of slots;
 *     behind the last one {@link Selection#NONE}
 * @param placeOfSlot I32 [n, K]: where in {@code chosen} a slot is, -1 where it is empty
 * @param returns slots in the order in which their rows come back: by rank, then token, then slot
 * @param rows that go to each rank
 * @param slots that come back from each rank
 */
public record ExpertRoutes(
        Tensor tokenOfRow, Tensor chosen, Tensor placeOfSlot, Assignment returns, int[] rows, int[] slots) {
    /**
     * Finds the ways.
     *
     * @param selected I32 [n, K], each in 0 until {@code experts} or {@link Selection#NONE}, none twice in a row
     * @param experts a multiple of {@code ranks}
     * @param expected slots that are taken, which a rehearsal can't see
     * @param allocate makes the tensors
     * @throws IllegalArgumentException for an expert that there is not
     */
    public static ExpertRoutes of(
            Compute compute,
            Tensor selected,
            int experts,
            int ranks,
            int expected,
            BiFunction<DType, Shape, Tensor> allocate) {
        boolean rehearsing = compute.workers().rehearsing();
        int[] counts = rehearsing ? RowGroups.even(experts, expected).counts() : Assignment.counts(selected, experts);
        int each = experts / ranks;
        int[] slots = new int[ranks];
        for (int expert = 0; expert < experts; expert++) {
            slots[expert / each] += counts[expert];
        }
        int tokens = Math.toIntExact(selected.shape().rows());
        int[] rows = rehearsing
                ? Arrays.stream(slots).map(taken -> Math.min(taken, tokens)).toArray()
                : rows(selected, each, ranks);
        int slotsOfToken = Math.toIntExact(selected.shape().columns());
        int total = Arrays.stream(rows).sum();
        RowGroups runs = RowGroups.dense(slots);
        ExpertRoutes routes = new ExpertRoutes(
                allocate.apply(DType.I32, Shape.of(total)),
                allocate.apply(DType.I32, Shape.of(total, Math.min(slotsOfToken, each))),
                allocate.apply(DType.I32, selected.shape()),
                new Assignment(
                        runs,
                        allocate.apply(DType.I32, Shape.of(runs.rows())),
                        allocate.apply(DType.I32, selected.shape())),
                rows,
                slots);
        if (!rehearsing) {
            compute.profile().time("experts.sort", 0, () -> routes.fill(selected, each));
        }
        return routes;
    }

    /** Rows for each rank: tokens with an expert there. */
    private static int[] rows(Tensor selected, int each, int ranks) {
        int[] rows = new int[ranks];
        int[] last = new int[ranks];
        Arrays.fill(last, -1);
        int columns = Math.toIntExact(selected.shape().columns());
        long at = selected.address();
        for (int slot = 0; slot < selected.count(); slot++) {
            int expert = Addresses.getInt(at, slot);
            if (expert >= 0 && last[expert / each] != slot / columns) {
                last[expert / each] = slot / columns;
                rows[expert / each]++;
            }
        }
        return rows;
    }

    private void fill(Tensor selected, int each) {
        int ranks = rows.length;
        int columns = Math.toIntExact(selected.shape().columns());
        int width = Math.toIntExact(chosen.shape().columns());
        int[] nextRow = RowGroups.dense(rows).first().clone();
        int[] nextSlot = returns.groups().first().clone();
        int[] row = new int[ranks];
        int[] used = new int[ranks];
        int[] last = new int[ranks];
        Arrays.fill(last, -1);
        long from = selected.address();
        for (int slot = 0; slot < selected.count(); slot++) {
            int expert = Addresses.getInt(from, slot);
            if (expert < 0) {
                Addresses.setInt(placeOfSlot.address(), slot, -1);
                Addresses.setInt(returns.rowOfSlot().address(), slot, -1);
                continue;
            }
            int rank = expert / each;
            if (last[rank] != slot / columns) {
                last[rank] = slot / columns;
                row[rank] = nextRow[rank]++;
                used[rank] = 0;
                Addresses.setInt(tokenOfRow.address(), row[rank], slot / columns);
                for (int i = 0; i < width; i++) {
                    Addresses.setInt(chosen.address(), (long) row[rank] * width + i, Selection.NONE);
                }
            }
            int place = row[rank] * width + used[rank]++;
            Addresses.setInt(chosen.address(), place, expert % each);
            Addresses.setInt(placeOfSlot.address(), slot, place);
            Addresses.setInt(returns.rowOfSlot().address(), slot, nextSlot[rank]);
            Addresses.setInt(returns.slotOfRow().address(), nextSlot[rank]++, slot);
        }
    }
}
