package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import java.util.function.BiFunction;

/**
 * Slots of a selection sorted by expert, within an expert in the order of tokens: a counting sort, without an object for a token.
 *
 * @param slotOfRow I32 [rows]: which slot (token * K + k) lies in a row, -1 in a row that fills up
 * @param rowOfSlot I32 [n, K]: the row of a slot, -1 where the slot is empty
 */
public record Assignment(RowGroups groups, Tensor slotOfRow, Tensor rowOfSlot) {
    /**
     * Sorts.
     *
     * @param selected I32 [n, K], each in 0 until {@code experts} or {@link Selection#NONE}
     * @param expected slots that are taken, which a rehearsal can't see
     * @param allocate makes the tensors
     * @throws IllegalArgumentException for an expert that there is not
     */
    public static Assignment of(
            Compute compute, Tensor selected, int experts, int expected, BiFunction<DType, Shape, Tensor> allocate) {
        boolean rehearsing = compute.workers().rehearsing();
        RowGroups groups = rehearsing ? RowGroups.even(experts, expected) : RowGroups.of(counts(selected, experts));
        Tensor slotOfRow = allocate.apply(DType.I32, Shape.of(groups.rows()));
        Tensor rowOfSlot = allocate.apply(DType.I32, selected.shape());
        if (!rehearsing) {
            compute.profile().time("experts.sort", 0, () -> sort(selected, groups, slotOfRow, rowOfSlot));
        }
        return new Assignment(groups, slotOfRow, rowOfSlot);
    }

    static int[] counts(Tensor selected, int experts) {
        int[] counts = new int[experts];
        long at = selected.address();
        for (long slot = 0; slot < selected.count(); slot++) {
            int expert = Addresses.getInt(at, slot);
            if (expert >= experts || expert < Selection.NONE) {
                throw new IllegalArgumentException(
                        "a router has chosen expert " + expert + ", but there are experts 0 to " + (experts - 1));
            }
            if (expert >= 0) {
                counts[expert]++;
            }
        }
        return counts;
    }

    private static void sort(Tensor selected, RowGroups groups, Tensor slotOfRow, Tensor rowOfSlot) {
        int[] next = groups.first().clone();
        long at = selected.address();
        long rowsAt = rowOfSlot.address();
        long slotsAt = slotOfRow.address();
        for (int row = 0; row < groups.rows(); row++) {
            Addresses.setInt(slotsAt, row, -1);
        }
        for (int slot = 0; slot < selected.count(); slot++) {
            int expert = Addresses.getInt(at, slot);
            int row = expert < 0 ? -1 : next[expert]++;
            Addresses.setInt(rowsAt, slot, row);
            if (row >= 0) {
                Addresses.setInt(slotsAt, row, slot);
            }
        }
    }

    /** Slots of a token. */
    public int slots() {
        return Math.toIntExact(rowOfSlot.shape().columns());
    }

    /** Number of tokens. */
    public int tokens() {
        return Math.toIntExact(rowOfSlot.shape().rows());
    }
}
