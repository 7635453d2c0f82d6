package dev.braid.tensor.kernels;

import dev.braid.tensor.kernels.CausalFilterKernels.Filter;

/**
 * The usual short filter, of {@value #WIDTH} lags with SiLU behind it, over BF16 rows in one call: what {@link CausalFilterKernels}
 * and {@link FunctionKernels} do in several, with the same arithmetic, for rows of which each sees the three before it.
 * {@code d} and {@code scratch} are F32 and dense; no address may overlap another.
 */
public interface SiluFilterKernels {
    /** Lags of the filter. */
    int WIDTH = 4;

    /**
     * BF16 rows.
     *
     * @param address of the first channel of the first row
     * @param stride elements from one row to the next
     */
    record HalfRows(long address, long stride) {
        /** Address of a row; negative ones lie before the first. */
        public long row(long row) {
            return address + row * bytes();
        }

        long bytes() {
            return stride * Short.BYTES;
        }
    }

    /** Sets {@code y} to SiLU of the filtered {@code x}. {@code scratch}: [rows + 3, channels]. */
    void forward(HalfRows x, Filter filter, HalfRows y, long scratch, int rows, int channels);

    /**
     * Sets {@code d} [rows, channels] to the gradients before SiLU, of those of the outputs: {@code dOut * silu'(filtered x)}.
     * {@code scratch}: [3, channels].
     */
    void throughSilu(HalfRows dOut, HalfRows x, Filter filter, long d, long scratch, int rows, int channels);

    /**
     * Sets {@code dx} to what {@code d} [rows + 3, channels] of this row and of the three rows after it passes to it, and {@code sums} [width + 1,
     * channels], F32, to the sums over rows of the products of {@code d} with the inputs of each lag, and of {@code d} itself.
     * {@code scratch}: [3, channels].
     */
    void passBack(long d, HalfRows x, Filter filter, HalfRows dx, long sums, long scratch, int rows, int channels);
}
