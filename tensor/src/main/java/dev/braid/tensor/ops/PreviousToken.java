package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import java.util.Optional;

/** Each token's row is that of the token before it, zero for the first one of a document. Values F32 or BF16 [tokens, channels]. */
public final class PreviousToken {
    private PreviousToken() {}

    /**
     * Sets {@code out}, of the dtype of x, not x itself.
     *
     * @param state F32 [sequences, channels]: the tokens before the first ones; zero if absent
     */
    public static void forward(Compute compute, Sequences sequences, Tensor x, Optional<Tensor> state, Tensor out) {
        Check check = new Check("previous_token.forward");
        int channels = checkBoth(check, sequences, x, "out", out);
        Halo halo = Halo.of(check, state, sequences, 1, channels);
        int length = sequences.length();
        TimeRows target = TimeRows.of(compute.kernels().conversion(), out, 0, length);
        moveRows(compute, check, sequences, x, out, 0, 1);
        if (halo.rows() > 0 && length > 0) {
            for (int sequence = 0; sequence < sequences.count(); sequence++) {
                target.store(new CausalTile(0, sequence, 0, channels), 0, 1, halo.element(sequence, -1, 0));
            }
        }
    }

    /** Sets {@code dx}, of the dtype of {@code dOut}, not itself. */
    public static void inputGradient(Compute compute, Sequences sequences, Tensor dOut, Tensor dx) {
        Check check = new Check("previous_token.input_gradient");
        checkBoth(check, sequences, dOut, "dx", dx);
        moveRows(compute, check, sequences, dOut, dx, 1, -1);
    }

    private static int checkBoth(Check check, Sequences sequences, Tensor from, String name, Tensor to) {
        int rows = check.valueRows("x", from);
        int channels = Check.columns(from);
        sequences.check(check, rows);
        check.matrix(name, to, from.dtype(), rows, channels);
        check.require(
                from.address() != to.address() || from.count() == 0,
                name + " must not be its source; allocate a tensor for it");
        return channels;
    }

    /**
     * Row {@code t} of {@code to} is row {@code t - back} of {@code from}, zero where that is beyond the sequence or token
     * {@code t + first} begins a document.
     */
    private static void moveRows(
            Compute compute, Check check, Sequences sequences, Tensor from, Tensor to, int first, int back) {
        int length = sequences.length();
        long rowBytes = from.shape().columns() * (from.dtype() == DType.F32 ? Float.BYTES : Short.BYTES);
        long source = from.address();
        long target = to.address();
        Blocks.Range body = (row, count) -> {
            for (long at = row; at < row + count; at++) {
                int token = (int) (at % length) + first;
                boolean follows = token < length && sequences.reach((int) (at / length), token, 0, 1) == 1;
                if (follows) {
                    Addresses.copy(source + (at - back) * rowBytes, target + at * rowBytes, rowBytes);
                } else {
                    Addresses.fillZero(target + at * rowBytes, rowBytes);
                }
            }
        };
        compute.profile()
                .time(
                        check.operation(),
                        0,
                        () -> Blocks.rows(
                                compute, from.shape().rows(), from.shape().columns(), body));
    }

    /** Replaces {@code state} by the last tokens of {@code x}. */
    public static void advanceState(Compute compute, Sequences sequences, Tensor x, Tensor state) {
        TokenMix.advanceState(compute, sequences, x, state);
    }
}
