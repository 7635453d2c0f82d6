package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.RopeKernels;
import java.lang.ref.Reference;

/**
 * Rotary position embedding: of the {@code rotated} values of a head that turn, values are paired and pair i is rotated by
 * {@code position * inverseFrequency[i]}; the others stay. In the half-split layout of Hugging Face's Llama value i is paired with
 * value {@code i + rotated / 2}; interleaved, as in the paper and in DeepSeek-V3, value {@code 2i} with value {@code 2i + 1}. The
 * gradient is the same with {@code inverse}.
 */
public final class Rope {
    private Rope() {}

    /**
     * Where in the columns of a matrix what turns lies.
     *
     * @param first column of the first value that turns
     * @param pitch columns from one head to the next
     * @param count heads
     * @param interleaved whether neighbours are paired, not values half the rotated part apart
     */
    public record Place(int first, int pitch, int count, boolean interleaved) {}

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
        check.valueRows("qkv", qkv);
        int columns = Check.columns(qkv);
        check.require(
                table.rotated() <= headSize,
                "the table rotates " + table.rotated() + " values, but a head has " + headSize);
        check.require(
                heads >= 0 && (long) heads * headSize <= columns,
                heads + " heads of " + headSize + " values do not fit a row of " + columns);
        apply(compute, qkv, table, positions, new Place(0, headSize, heads, false), inverse);
    }

    /**
     * Rotates what lies at {@code place} in place.
     *
     * @param x [n, columns], F32 or BF16
     * @param table cosines and sines of as many values as turn in each head
     * @param positions I32 [n], the position of each row
     * @param inverse rotate back, as the gradient needs
     */
    public static void apply(
            Compute compute, Tensor x, RopeTable table, Tensor positions, Place place, boolean inverse) {
        Check check = new Check(inverse ? "rope.inverse" : "rope.apply");
        int rows = check.valueRows("x", x);
        int columns = Check.columns(x);
        check.elements("positions", positions, DType.I32, rows);
        int width = place.count == 0 ? 0 : (place.count - 1) * place.pitch + table.rotated();
        check.require(
                place.first >= 0 && place.pitch >= table.rotated() && (long) place.first + width <= columns,
                table.rotated() + " values in each of " + place.count + " heads of " + place.pitch + ", from column "
                        + place.first + ", do not fit a row of " + columns);
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
        Tiles.Operand rotated = tiles.update(x, place.first, width);
        tiles.run(check.operation(), 3.0 * rows * place.count * table.rotated(), rows, tile -> {
            long at = tile.of(rotated);
            long of = tile.perRow(positionsAt);
            int turned = table.rotated();
            if (place.interleaved) {
                kernels.applyInterleaved(
                        at, tile.rows(), rotated.stride(), of, cosine, sine, place.pitch, turned, place.count, inverse);
            } else {
                kernels.apply(
                        at, tile.rows(), rotated.stride(), of, cosine, sine, place.pitch, turned, place.count, inverse);
            }
        });
        // The table's memory goes with the object, and the kernel holds only its addresses.
        Reference.reachabilityFence(table);
    }
}
