package dev.braid.trainer.plan;

import dev.braid.tensor.DType;

/**
 * Bytes that training keeps for one element of a parameter.
 *
 * @param values what operations read
 * @param gradient what backward adds to
 * @param master what the optimizer updates, where that is not the values themselves
 * @param moments state of the optimizer
 */
public record ElementBytes(int values, int gradient, int master, int moments) {
    /** Mixed precision as the ZeRO paper counts it (Rajbhandari et al. 2020, arXiv 1910.02054, section 3.1): 16 bytes. */
    public static final ElementBytes ZERO_PAPER = new ElementBytes(2, 2, 4, 8);

    private static final ElementBytes F32 = new ElementBytes(4, 4, 0, 8);
    private static final ElementBytes BF16 = new ElementBytes(2, 4, 4, 8);

    /** An element that operations read in {@code dtype}: 16 bytes in F32, where the master is the value, 18 in BF16. */
    public static ElementBytes of(DType dtype) {
        return dtype == DType.F32 ? F32 : BF16;
    }
}
