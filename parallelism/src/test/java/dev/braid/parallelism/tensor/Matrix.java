package dev.braid.parallelism.tensor;

import java.util.Arrays;
import java.util.Random;

/** Values of a matrix, row after row. */
record Matrix(int rows, int columns, float[] values) {
    /** Normal values; the same for the same seed. */
    static Matrix random(long seed, int rows, int columns) {
        Random random = new Random(seed);
        Matrix matrix = new Matrix(rows, columns, new float[rows * columns]);
        for (int i = 0; i < matrix.values.length; i++) {
            matrix.values[i] = (float) random.nextGaussian();
        }
        return matrix;
    }

    Matrix rows(int from, int count) {
        return new Matrix(count, columns, Arrays.copyOfRange(values, from * columns, (from + count) * columns));
    }

    Matrix columns(int from, int count) {
        Matrix part = new Matrix(rows, count, new float[rows * count]);
        for (int row = 0; row < rows; row++) {
            System.arraycopy(values, row * columns + from, part.values, row * count, count);
        }
        return part;
    }
}
