package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;

/**
 * What a decoder with latent attention keeps of the tokens of one sequence: a latent and the turned part of the keys for each,
 * whatever the number of heads. Used by one thread.
 */
public final class LatentCache implements AutoCloseable {
    private final Tensor latents;
    private int rows;

    /**
     * An empty cache.
     *
     * @param columns of a token
     * @param longest tokens that the sequence may have
     */
    public LatentCache(Memory memory, DType dtype, int columns, int longest) {
        latents = memory.zeros(Category.ACTIVATIONS, dtype, Shape.of(longest, columns));
    }

    /** Tokens in it. */
    public int rows() {
        return rows;
    }

    /**
     * Takes in the next tokens: {@code next} [n, columns].
     *
     * @throws IllegalStateException when there is no room for them
     */
    public void append(Compute compute, Tensor next) {
        long added = next.shape().rows();
        if (rows + added > latents.shape().rows()) {
            throw new IllegalStateException("the cache has " + rows + " rows and room for "
                    + latents.shape().rows() + ", not for " + added + " more; make it for a longer sequence");
        }
        Elementwise.copyColumns(compute, next, 0, Math.toIntExact(next.shape().columns()), latents, rows);
        rows += Math.toIntExact(added);
    }

    /** What is in it [rows, columns]. */
    Tensor filled() {
        return latents.rows(0, rows);
    }

    @Override
    public void close() {
        latents.release();
    }
}
