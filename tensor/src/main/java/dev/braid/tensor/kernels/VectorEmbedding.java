package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getInt;

final class VectorEmbedding implements EmbeddingKernels {
    private final VectorElementwise elementwise = new VectorElementwise();

    @Override
    public void weightGradient(
            long dOut, int stride, long tokens, long dTable, int tableStride, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            int token = getInt(tokens, row);
            if (token < 0) {
                continue;
            }
            long source = dOut + (long) row * stride * Float.BYTES;
            long target = dTable + (long) token * tableStride * Float.BYTES;
            elementwise.add(target, source, target, columns);
        }
    }
}
