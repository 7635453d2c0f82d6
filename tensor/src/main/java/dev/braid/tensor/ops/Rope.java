package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.RopeKernels;
import java.lang.ref.Reference;

/**
 * Rotary position embedding in the half-split layout of Hugging Face's Llama: value i of a head is paired with value
 * {@code i + headSize / 2}, and the pair is rotated by {@code position * inverseFrequency[i]}. The gradient is the same
 * with {@code inverse}.
 */
public final class Rope {
    private Rope() {}

    /**
     * Rotates heads in place.
     *
     * @param qkv [n, columns], F32 or BF16
     * @param table cosines and sines
     * @param positions I32 [n], the position of each row
     * @param headSize values of one head, as in the table
     * @param heads how many heads of each row are rotated, from the first: query heads and key heads
     * @param inverse rotate back, as the gradient needs
     */
    public static void apply(
            Compute compute, Tensor qkv, RopeTable table, Tensor positions, int headSize, int heads, boolean inverse) {
        Check check = new Check(inverse ? "rope.inverse" : "rope.apply");
        int rows = check.valueRows("qkv", qkv);
        int columns = Check.columns(qkv);
        check.elements("positions", positions, DType.I32, rows);
        check.require(
                headSize == table.headSize(),
                "head size " + headSize + " differs from the table's " + table.headSize());
        check.require(
                heads >= 0 && (long) heads * headSize <= columns,
                heads + " heads of " + headSize + " values do not fit a row of " + columns);
        Blocks.requireIndices(
                check,
                "position",
                positions,
                table.maximumPositions(),
                Blocks.NONE,
                "; make the table (maximum positions) longer");
        boolean bf16 = qkv.dtype() == DType.BF16;
        long bytes = (long) columns * qkv.dtype().bytes();
        long at = qkv.address();
        long positionsAt = positions.address();
        long cosine = table.cosineAddress();
        long sine = table.sineAddress();
        RopeKernels kernels = compute.kernels().rope();
        compute.profile()
                .time(
                        check.operation(),
                        3.0 * rows * heads * headSize,
                        () -> Blocks.rows(
                                compute,
                                rows,
                                columns,
                                (from, count) -> kernels.apply(
                                        bf16,
                                        at + from * bytes,
                                        count,
                                        columns,
                                        positionsAt + from * Integer.BYTES,
                                        cosine,
                                        sine,
                                        headSize,
                                        heads,
                                        inverse)));
        // The table's memory goes with the object, and the kernel holds only its addresses.
        Reference.reachabilityFence(table);
    }
}
