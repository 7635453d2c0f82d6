package dev.braid.tensor.kernels;

/** Kernel of rotary position embedding: see {@link dev.braid.tensor.ops.Rope}. */
public interface RopeKernels {
    /**
     * Rotates the first {@code heads} heads of each row in place.
     *
     * @param x rows of {@code columns} values
     * @param positions I32 [rows], each a row of the tables
     * @param cosine F32 [positions, headSize / 2]
     * @param sine as {@code cosine}
     * @param inverse rotate the other way
     */
    void apply(
            boolean bf16,
            long x,
            int rows,
            int columns,
            long positions,
            long cosine,
            long sine,
            int headSize,
            int heads,
            boolean inverse);
}
