package dev.braid.tensor.ops;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * Cosines and sines of rotary position embedding (Su et al. 2021, arXiv 2104.09864) for positions 0 until
 * {@code maximumPositions}. Rounds where Hugging Face transformers does: {@code inverseFrequency = 1 / base^(2i/headSize)}
 * and {@code angle = position * inverseFrequency} in f32; cosine and sine correctly rounded to f32.
 *
 * <p>The two tables take {@code 4 headSize maximumPositions} bytes off-heap, until this object is unreachable. Immutable: any
 * thread may read them, and ranks may share them.
 */
public final class RopeTable {
    private final int headSize;
    private final int maximumPositions;
    private final MemorySegment cosine;
    private final MemorySegment sine;

    /**
     * Computes the tables.
     *
     * @param headSize values of one head, even
     * @param base usually 10000 or 500000
     * @param maximumPositions positions that the table holds
     */
    public RopeTable(int headSize, double base, int maximumPositions) {
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
        long count = (long) maximumPositions * (headSize / 2);
        Arena arena = Arena.ofAuto();
        cosine = arena.allocate(ValueLayout.JAVA_FLOAT, count);
        sine = arena.allocate(ValueLayout.JAVA_FLOAT, count);
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
                cosine.setAtIndex(ValueLayout.JAVA_FLOAT, row + i, (float) StrictMath.cos(angle));
                sine.setAtIndex(ValueLayout.JAVA_FLOAT, row + i, (float) StrictMath.sin(angle));
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

    /** Cosine of pair {@code pair} at {@code position}. */
    public float cosine(int position, int pair) {
        return cosine.getAtIndex(ValueLayout.JAVA_FLOAT, index(position, pair));
    }

    /** Sine of pair {@code pair} at {@code position}. */
    public float sine(int position, int pair) {
        return sine.getAtIndex(ValueLayout.JAVA_FLOAT, index(position, pair));
    }

    private long index(int position, int pair) {
        Objects.checkIndex(position, maximumPositions);
        return (long) position * (headSize / 2) + Objects.checkIndex(pair, headSize / 2);
    }

    /** Address of F32 [maximumPositions, headSize / 2], valid while this object is reachable. */
    long cosineAddress() {
        return cosine.address();
    }

    /** As {@link #cosineAddress}. */
    long sineAddress() {
        return sine.address();
    }
}
