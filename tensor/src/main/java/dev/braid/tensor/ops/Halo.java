package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import java.util.Optional;

/**
 * The inputs just before the first token of each sequence: F32 [sequences, rows, channels].
 *
 * @param address of the first, or 0 where there are none
 */
record Halo(long address, int rows, int channels) {
    static final Halo NONE = new Halo(0, 0, 0);

    static Halo of(Check check, Optional<Tensor> state, Sequences sequences, int rows, int channels) {
        if (state.isEmpty()) {
            return NONE;
        }
        check.elements("state", state.get(), DType.F32, (long) sequences.count() * rows * channels);
        return new Halo(state.get().address(), rows, channels);
    }

    /** Address of a channel of {@code token}, from -rows to -1. */
    long element(int sequence, int token, int channel) {
        long row = (long) sequence * rows + rows + token;
        return address + (row * channels + channel) * Float.BYTES;
    }

    /**
     * Replaces the rows by the last inputs of each sequence, zero where those are not of the document of the sequence's last
     * token.
     */
    void advance(Compute compute, Sequences sequences, Tensor x, int firstColumn) {
        int length = sequences.length();
        if (rows == 0 || length == 0) {
            return;
        }
        TimeRows inputs = TimeRows.of(compute.kernels().conversion(), x, firstColumn, length);
        long bytes = (long) channels * Float.BYTES;
        for (int sequence = 0; sequence < sequences.count(); sequence++) {
            CausalTile place = new CausalTile(0, sequence, 0, channels);
            int kept = sequences.reach(sequence, length - 1, rows, rows) + 1;
            for (int row = -rows; row < 0; row++) {
                long target = element(sequence, row, 0);
                int token = length + row;
                if (-row > kept) {
                    Addresses.fillZero(target, bytes);
                } else if (token < 0) {
                    // Older inputs move up; rows are taken in order, so that none is read after it was overwritten.
                    Addresses.copy(element(sequence, token, 0), target, bytes);
                } else {
                    inputs.load(place, token, 1, NONE, target);
                }
            }
        }
    }
}
