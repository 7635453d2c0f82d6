package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.getValue;
import static dev.braid.tensor.kernels.Addresses.setFloat;

final class ScalarEmbedding implements EmbeddingKernels {
    @Override
    public void forward(boolean bf16, long table, long tokens, long out, int rows, int columns) {
        long bytes = (long) columns * (bf16 ? Short.BYTES : Float.BYTES);
        for (int row = 0; row < rows; row++) {
            Addresses.copy(table + getInt(tokens, row) * bytes, out + row * bytes, bytes);
        }
    }

    @Override
    public void weightGradient(
            boolean bf16, long dOut, long tokens, long dTable, int rows, int columns, int from, int to) {
        for (int row = 0; row < rows; row++) {
            long source = (long) row * columns;
            long target = (long) getInt(tokens, row) * columns;
            for (int j = from; j < to; j++) {
                setFloat(dTable, target + j, getFloat(dTable, target + j) + getValue(bf16, dOut, source + j));
            }
        }
    }
}
