package dev.braid.tensor.kernels;

/**
 * Kernels of a short causal filter over time, one filter a channel: see {@link dev.braid.tensor.ops.CausalConvolution}. A row is a
 * token, of which a kernel sees some channels. An I32 for each row, its reach, says how many of the tokens before it count (those of
 * its document); a reach of -1 marks a row that is no token. Rows that no reach asks for are not read.
 */
public interface CausalFilterKernels {
    /**
     * F32 rows.
     *
     * @param address of the first channel of the first row
     * @param stride elements from one row to the next
     */
    record Rows(long address, int stride) {
        /** Address of a row; negative ones lie before the first. */
        public long row(long row) {
            return address + row * stride * Float.BYTES;
        }
    }

    /**
     * The filters of the channels.
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

    /** Sets {@code y}; inputs up to {@code width - 1} rows before {@code x} are read. A row without a token gets the bias. */
    void forward(Rows x, long reaches, Filter filter, Rows y, int rows, int channels);

    /**
     * Sets {@code dx}, or adds to it, what the gradients {@code d} of this row and of the {@code width - 1} rows after it pass to
     * it; there are reaches of that many rows more.
     */
    void inputGradient(Rows d, long reaches, Filter filter, Rows dx, boolean add, int rows, int channels);

    /**
     * Adds the products of {@code d} with the inputs of each lag to {@code sums} [width + 1, channels], and {@code d} itself to
     * its last row; inputs up to {@code width - 1} rows before {@code x} are read. All rows are tokens.
     */
    void weightGradient(Rows d, Rows x, long reaches, long sums, int rows, int channels, int width);
}
