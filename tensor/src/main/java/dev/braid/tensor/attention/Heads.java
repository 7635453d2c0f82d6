package dev.braid.tensor.attention;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.Locale;

/**
 * Heads that lie in the columns of a matrix: head {@code h} of row {@code r} starts at element
 * {@code r * columns + firstColumn + h * pitch}. So Q, K and V may be slices of one packed matrix.
 *
 * @param tensor {@code [rows, columns]}, F32 or BF16; of more dimensions, all but the last are rows
 * @param firstColumn where head 0 starts
 * @param heads number of heads
 * @param headSize columns of a head, 1 to {@value #WIDEST}
 * @param pitch columns from one head to the next, at least {@code headSize}
 */
public record Heads(Tensor tensor, int firstColumn, int heads, int headSize, int pitch) {
    /** The widest head of a layer: what recurrences take, and attention where it is trained. */
    public static final int MAXIMUM_HEAD_SIZE = 256;

    /** The widest head that there can be: that of latent attention where queries read the latents themselves. */
    public static final int WIDEST = 1024;

    /** Checks that the heads lie inside the rows. */
    public Heads {
        if (tensor.dtype() != DType.F32 && tensor.dtype() != DType.BF16) {
            throw new IllegalArgumentException("heads take F32 or BF16 tensors, not " + tensor);
        }
        if (headSize < 1 || headSize > WIDEST) {
            throw new IllegalArgumentException("head size must be from 1 to " + WIDEST + " but is " + headSize);
        }
        if (pitch < headSize) {
            throw new IllegalArgumentException(
                    "heads of " + headSize + " columns overlap: from one to the next there are " + pitch);
        }
        if (heads < 1) {
            throw new IllegalArgumentException("at least one head is needed, not " + heads);
        }
        long columns = tensor.shape().columns();
        if (firstColumn < 0 || firstColumn + (heads - 1L) * pitch + headSize > columns) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "%d heads of %d columns from column %d do not fit rows of %d columns of %s",
                    heads,
                    headSize,
                    firstColumn,
                    columns,
                    tensor));
        }
    }

    /** Heads side by side. */
    public Heads(Tensor tensor, int firstColumn, int heads, int headSize) {
        this(tensor, firstColumn, heads, headSize, headSize);
    }

    /** All columns of {@code tensor} as heads of {@code headSize}. */
    public static Heads of(Tensor tensor, int headSize) {
        long columns = tensor.shape().columns();
        if (headSize < 1 || columns % headSize != 0) {
            throw new IllegalArgumentException(
                    "head size " + headSize + " does not divide the " + columns + " columns of " + tensor);
        }
        return new Heads(tensor, 0, Math.toIntExact(columns / headSize), headSize);
    }

    /** The heads as addresses, for kernels. The tensor must be alive. */
    public Operand operand() {
        int bytes = tensor.dtype().bytes();
        return new Operand(
                tensor.address() + (long) firstColumn * bytes,
                tensor.shape().columns() * bytes,
                (long) pitch * bytes,
                tensor.dtype() == DType.BF16);
    }
}
