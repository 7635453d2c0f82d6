package dev.braid.tensor.routing;

import dev.braid.tensor.Tensor;

/** The rows of a matrix F32 [s, E] that has one for each of s runs of {@code tokens} tokens. */
record RunRows(long address, int experts, int tokens) {
    /** Those of {@code matrix} for {@code count} tokens in all. */
    static RunRows of(Tensor matrix, int count) {
        int runs = Math.toIntExact(matrix.shape().rows());
        return new RunRows(
                matrix.address(), Math.toIntExact(matrix.shape().columns()), Math.max(1, count / Math.max(1, runs)));
    }

    /** Address of the row for a token. */
    long of(int token) {
        return TopK.row(address, token / tokens, experts);
    }
}
