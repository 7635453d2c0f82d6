package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.setFloat;

final class ScalarEmbedding implements EmbeddingKernels {
    @Override
    public void weightGradient(
            long dOut, int stride, long tokens, long dTable, int tableStride, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            int token = getInt(tokens, row);
            if (token < 0) {
                continue;
            }
            long source = (long) row * stride;
            long target = (long) token * tableStride;
            for (int j = 0; j < columns; j++) {
                setFloat(dTable, target + j, getFloat(dTable, target + j) + getFloat(dOut, source + j));
            }
        }
    }
}
