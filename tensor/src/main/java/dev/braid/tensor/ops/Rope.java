package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.RopeKernels;
import java.lang.ref.Reference;

/**
 * Rotary position embedding in the half-split layout of Hugging Face's Llama: of the first {@code rotated} values of a head,
 * value i is paired with value {@code i + rotated / 2}, and the pair is rotated by {@code position * inverseFrequency[i]}; the
 * others stay. The gradient is the same with {@code inverse}.
 */
public final class Rope {
    private Rope() {}

    /**
     * Rotates heads in place.
     *
     * @param qkv [n, columns], F32 or BF16
     * @param table cosines and sines of as many values as are rotated
     * @param positions I32 [n], the position of each row
     * @param headSize values of one head
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
                table.rotated() <= headSize,
                "the table rotates " + table.rotated() + " values, but a head has " + headSize);
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
        long positionsAt = positions.address();
        long cosine = table.cosineAddress();
        long sine = table.sineAddress();
        RopeKernels kernels = compute.kernels().rope();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand rotated = tiles.update(qkv, 0, heads * headSize);
        tiles.run(
                check.operation(),
                3.0 * rows * heads * table.rotated(),
                rows,
                tile -> kernels.apply(
                        tile.of(rotated),
                        tile.rows(),
                        rotated.stride(),
                        tile.perRow(positionsAt),
                        cosine,
                        sine,
                        headSize,
                        table.rotated(),
                        heads,
                        inverse));
        // The table's memory goes with the object, and the kernel holds only its addresses.
        Reference.reachabilityFence(table);
    }
}
