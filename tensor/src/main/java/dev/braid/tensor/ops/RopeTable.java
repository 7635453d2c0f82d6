package dev.braid.tensor.ops;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;

/**
 * Cosines and sines of rotary position embedding (Su et al. 2021, arXiv 2104.09864) for positions 0 until
 * {@code maximumPositions}. Rounds where Hugging Face transformers does: {@code inverseFrequency = 1 / base^(2i/headSize)}
 * and {@code angle = position * inverseFrequency} in f32; cosine and sine correctly rounded to f32.
 *
 * <p>The tables lie in the rank's memory (category WORKSPACE) until {@link #close}. Any thread may read them.
 */
public final class RopeTable implements AutoCloseable {
    private final int headSize;
    private final int maximumPositions;
    private final Tensor cosine;
    private final Tensor sine;

    /**
     * Computes the tables.
     *
     * @param headSize values of one head, even
     * @param base usually 10000 or 500000
     * @param maximumPositions positions that the table holds
     */
    public RopeTable(Memory memory, int headSize, double base, int maximumPositions) {
        if (headSize <= 0 || headSize % 2 != 0) {
            throw new IllegalArgumentException(
                    "rope: head size " + headSize + " must be even and positive, for values are rotated in pairs");
        }
        if (!(base > 0) || Double.isInfinite(base)) {
            throw new IllegalArgumentException("rope: base " + base + " must be positive; 10000 is usual");
        }
        if (maximumPositions <= 0) {
            throw new IllegalArgumentException("rope: maximum positions " + maximumPositions + " must be positive");
        }
        this.headSize = headSize;
        this.maximumPositions = maximumPositions;
        Shape shape = Shape.of(maximumPositions, headSize / 2);
        cosine = memory.allocate(Category.WORKSPACE, DType.F32, shape);
        sine = memory.allocate(Category.WORKSPACE, DType.F32, shape);
        fill(inverseFrequencies(headSize, base));
    }

    /** 1 / base^(2i/headSize) for i = 0 until headSize / 2. */
    static float[] inverseFrequencies(int headSize, double base) {
        float[] frequencies = new float[headSize / 2];
        for (int i = 0; i < frequencies.length; i++) {
            float exponent = (2f * i) / headSize;
            frequencies[i] = 1 / (float) StrictMath.pow(base, exponent);
        }
        return frequencies;
    }

    private void fill(float[] frequencies) {
        for (int position = 0; position < maximumPositions; position++) {
            long row = (long) position * frequencies.length;
            for (int i = 0; i < frequencies.length; i++) {
                double angle = position * frequencies[i];
                cosine.set(row + i, (float) StrictMath.cos(angle));
                sine.set(row + i, (float) StrictMath.sin(angle));
            }
        }
    }

    /** Values of one head. */
    public int headSize() {
        return headSize;
    }

    /** Positions that the table holds. */
    public int maximumPositions() {
        return maximumPositions;
    }

    /** F32 [maximumPositions, headSize / 2]. */
    public Tensor cosine() {
        return cosine;
    }

    /** F32 [maximumPositions, headSize / 2]. */
    public Tensor sine() {
        return sine;
    }

    @Override
    public void close() {
        cosine.release();
        sine.release();
    }
}
