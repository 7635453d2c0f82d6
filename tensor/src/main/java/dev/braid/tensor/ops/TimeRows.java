package dev.braid.tensor.ops;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.CausalFilterKernels.Rows;
import dev.braid.tensor.kernels.ConversionKernels;
import dev.braid.tensor.kernels.SiluFilterKernels.HalfRows;

/**
 * Columns of a matrix of tokens, to be loaded into F32 tiles together with tokens before and after, and stored from them.
 *
 * @param address of the first of the columns in the first row
 * @param columns elements from one row to the next
 * @param length tokens of a sequence
 */
record TimeRows(ConversionKernels conversion, long address, boolean bf16, long columns, int length) {
    static TimeRows of(ConversionKernels conversion, Tensor matrix, int firstColumn, int length) {
        long address = matrix.address() + (long) firstColumn * matrix.dtype().bytes();
        return new TimeRows(
                conversion,
                address,
                matrix.dtype() == DType.BF16,
                matrix.shape().columns(),
                length);
    }

    private long element(int sequence, int token, int channel) {
        long row = (long) sequence * length + token;
        return address + (row * columns + channel) * (bf16 ? Short.BYTES : Float.BYTES);
    }

    /** Tokens from {@code from}, where they lie; F32 only. */
    Rows rows(CausalTile place, int from) {
        return new Rows(element(place.sequence(), from, place.firstChannel()), Math.toIntExact(columns));
    }

    /** The same, BF16 only. */
    HalfRows halves(CausalTile place, int from) {
        return new HalfRows(element(place.sequence(), from, place.firstChannel()), columns);
    }

    /** Tokens {@code from} until {@code from + count} of a tile's channels to {@code tile}; zeros beyond the sequence's end. */
    void load(CausalTile place, int from, int count, Halo halo, long tile) {
        long bytes = (long) place.channels() * Float.BYTES;
        for (int i = 0; i < count; i++) {
            int token = from + i;
            long target = tile + i * bytes;
            if (token >= length || token < -halo.rows()) {
                Addresses.fillZero(target, bytes);
            } else if (token < 0) {
                Addresses.copy(halo.element(place.sequence(), token, place.firstChannel()), target, bytes);
            } else if (bf16) {
                conversion.widen(element(place.sequence(), token, place.firstChannel()), target, place.channels());
            } else {
                Addresses.copy(element(place.sequence(), token, place.firstChannel()), target, bytes);
            }
        }
    }

    /** The rows of {@code tile} to tokens {@code from} until {@code from + count}, none outside of the sequence. */
    void store(CausalTile place, int from, int count, long tile) {
        long bytes = (long) place.channels() * Float.BYTES;
        for (int i = 0; i < count; i++) {
            long target = element(place.sequence(), from + i, place.firstChannel());
            if (bf16) {
                conversion.narrow(tile + i * bytes, target, place.channels());
            } else {
                Addresses.copy(tile + i * bytes, target, bytes);
            }
        }
    }
}
