package dev.braid.tensor.kernels;

/**
 * Kernels of a short causal filter over time, one filter a channel: see {@link dev.braid.tensor.ops.CausalConvolution}. They work
 * on tiles: dense F32 rows of {@code channels} values, one row a token. An I32 for each row, its reach, says how many of the
 * tokens before it count (those of its document); a reach of -1 marks a row that is no token.
 */
public interface CausalFilterKernels {
    /**
     * The filters of a tile's channels.
     *
     * @param weight F32 [width, stride]; row {@code lag} has the factors of the inputs {@code lag} tokens ago
     * @param stride elements from one lag to the next
     * @param bias F32 [channels], or 0 for none
     * @param width number of lags
     */
    record Filter(long weight, int stride, long bias, int width) {
        long weights(int lag) {
            return weight + (long) lag * stride * Float.BYTES;
        }
    }

    /** Sets {@code y} [rows, channels]; {@code width - 1} rows lie before those of {@code x}. Rows without a token get the bias. */
    void forward(long x, long reaches, Filter filter, long y, int rows, int channels);

    /**
     * Adds to {@code dx} [rows, channels] what the gradients {@code d} of this row and of the {@code width - 1} rows after it
     * pass to it; {@code d} and {@code reaches} have that many rows more.
     */
    void inputGradient(long d, long reaches, Filter filter, long dx, int rows, int channels);

    /**
     * Adds the products of {@code d} with the inputs of each lag to {@code sums} [width + 1, channels], and {@code d} itself to
     * its last row; {@code width - 1} rows lie before those of {@code x}.
     */
    void weightGradient(long d, long x, long reaches, long sums, int rows, int channels, int width);
}
