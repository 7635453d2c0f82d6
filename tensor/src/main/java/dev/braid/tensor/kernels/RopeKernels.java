package dev.braid.tensor.kernels;

/** Kernel of rotary position embedding: see {@link dev.braid.tensor.ops.Rope}. */
public interface RopeKernels {
    /**
     * Rotates the first {@code rotated} values of each of the first {@code heads} heads of each row in place, value i against value
     * {@code i + rotated / 2}.
     *
     * @param x F32, {@code stride} values from row to row
     * @param positions I32 [rows], each a row of the tables
     * @param cosine F32 [positions, rotated / 2]
     * @param sine as {@code cosine}
     * @param inverse rotate the other way
     */
    void apply(
            long x,
            int rows,
            int stride,
            long positions,
            long cosine,
            long sine,
            int headSize,
            int rotated,
            int heads,
            boolean inverse);

    /** The same, value {@code 2i} against value {@code 2i + 1}. */
    void applyInterleaved(
            long x,
            int rows,
            int stride,
            long positions,
            long cosine,
            long sine,
            int headSize,
            int rotated,
            int heads,
            boolean inverse);
}
