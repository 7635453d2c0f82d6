package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;

/** Copies columns of heads from one matrix to another in which the heads lie otherwise. */
public final class HeadColumns {
    private HeadColumns() {}

    /**
     * Where heads lie in the columns of a matrix.
     *
     * @param first column of the first head
     * @param pitch columns from one head to the next; 0 in a source gives every head the same
     */
    public record Place(int first, int pitch) {}

    /**
     * Copies {@code width} columns of each of {@code heads} heads of all rows.
     *
     * @param source [n, columns]
     * @param target [n, columns] of the same dtype; what lies between the copied columns stays
     * @throws IllegalArgumentException when heads don't fit their rows, or overlap in the target
     */
    public static void copy(Compute compute, Tensor source, Place from, Tensor target, Place to, int heads, int width) {
        Check check = new Check("copy_heads");
        int rows = check.valueRows("source", source);
        check.valueRows("target", target);
        int sourceColumns = Check.columns(source);
        int targetColumns = Check.columns(target);
        check.matrix("target", target, source.dtype(), rows, targetColumns);
        requireInside(check, "source", from, heads, width, sourceColumns);
        requireInside(check, "target", to, heads, width, targetColumns);
        check.require(
                heads == 1 || to.pitch >= width,
                "heads of " + width + " columns overlap in the target, where they are " + to.pitch + " apart");
        int bytes = source.dtype().bytes();
        long sourceAt = source.address() + (long) from.first * bytes;
        long targetAt = target.address() + (long) to.first * bytes;
        Blocks.Range body = (first, count) -> {
            for (long row = first; row < first + count; row++) {
                long read = sourceAt + row * sourceColumns * bytes;
                long written = targetAt + row * targetColumns * bytes;
                for (int head = 0; head < heads; head++) {
                    Addresses.copy(
                            read + (long) head * from.pitch * bytes,
                            written + (long) head * to.pitch * bytes,
                            (long) width * bytes);
                }
            }
        };
        compute.profile().time(check.operation(), 0, () -> Blocks.rows(compute, rows, (long) heads * width, body));
    }

    private static void requireInside(Check check, String name, Place place, int heads, int width, int columns) {
        check.require(
                heads >= 1
                        && width >= 0
                        && place.first >= 0
                        && place.pitch >= 0
                        && place.first + (heads - 1L) * place.pitch + width <= columns,
                heads + " heads of " + width + " columns, " + place.pitch + " apart from column " + place.first
                        + ", do not fit a row of " + columns + " of the " + name);
    }
}
