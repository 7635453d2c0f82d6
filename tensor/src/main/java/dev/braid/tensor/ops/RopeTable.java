package dev.braid.tensor.ops;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * Cosines and sines of rotary position embedding (Su et al. 2021, arXiv 2104.09864) for positions 0 until
 * {@code maximumPositions}. Rounds where Hugging Face transformers does: {@code inverseFrequency = 1 / base^(2i/rotated)}
 * and {@code angle = position * inverseFrequency} in f32; cosine and sine correctly rounded to f32.
 *
 * <p>The two tables take {@code 4 rotated maximumPositions} bytes off-heap, until this object is unreachable. Immutable: any
 * thread may read them, and ranks may share them.
 */
public final class RopeTable {
    private final int rotated;
    private final int maximumPositions;
    private final MemorySegment cosine;
    private final MemorySegment sine;

    /**
     * Computes the tables of the plain geometric row of frequencies.
     *
     * @param rotated values of a head that are rotated, even
     * @param base usually 10000 or 500000
     * @param maximumPositions positions that the table holds
     */
    public RopeTable(int rotated, double base, int maximumPositions) {
        this(inverseFrequencies(rotated, base), maximumPositions);
    }

    /**
     * Computes the tables.
     *
     * @param inverseFrequencies radians a position, one for each pair of rotated values
     * @param maximumPositions positions that the table holds
     */
    public RopeTable(float[] inverseFrequencies, int maximumPositions) {
        this(inverseFrequencies, maximumPositions, 1);
    }

    /** The same, cosines and sines times {@code factor}: a rotation that also stretches, as YaRN's. */
    public RopeTable(float[] inverseFrequencies, int maximumPositions, float factor) {
        if (maximumPositions <= 0) {
            throw new IllegalArgumentException("rope: maximum positions " + maximumPositions + " must be positive");
        }
        this.rotated = 2 * inverseFrequencies.length;
        this.maximumPositions = maximumPositions;
        long count = (long) maximumPositions * inverseFrequencies.length;
        Arena arena = Arena.ofAuto();
        cosine = arena.allocate(ValueLayout.JAVA_FLOAT, count);
        sine = arena.allocate(ValueLayout.JAVA_FLOAT, count);
        fill(inverseFrequencies, factor);
    }

    /** {@code 1 / base^(2i/rotated)} for i = 0 until rotated / 2: radians a position of each pair. */
    public static float[] inverseFrequencies(int rotated, double base) {
        if (rotated <= 0 || rotated % 2 != 0) {
            throw new IllegalArgumentException(
                    "rope: " + rotated + " rotated values of a head must be even and positive, for they turn in pairs");
        }
        if (!(base > 0) || Double.isInfinite(base)) {
            throw new IllegalArgumentException("rope: base " + base + " must be positive; 10000 is usual");
        }
        float[] frequencies = new float[rotated / 2];
        for (int i = 0; i < frequencies.length; i++) {
            float exponent = (2f * i) / rotated;
            frequencies[i] = 1 / (float) StrictMath.pow(base, exponent);
        }
        return frequencies;
    }

    private void fill(float[] frequencies, float factor) {
        for (int position = 0; position < maximumPositions; position++) {
            long row = (long) position * frequencies.length;
            for (int i = 0; i < frequencies.length; i++) {
                double angle = position * frequencies[i];
                cosine.setAtIndex(ValueLayout.JAVA_FLOAT, row + i, (float) StrictMath.cos(angle) * factor);
                sine.setAtIndex(ValueLayout.JAVA_FLOAT, row + i, (float) StrictMath.sin(angle) * factor);
            }
        }
    }

    /** Values of a head that are rotated, from the first. */
    public int rotated() {
        return rotated;
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
        return (long) position * (rotated / 2) + Objects.checkIndex(pair, rotated / 2);
    }

    /** Address of F32 [maximumPositions, rotated / 2], valid while this object is reachable. */
    long cosineAddress() {
        return cosine.address();
    }

    /** As {@link #cosineAddress}. */
    long sineAddress() {
        return sine.address();
    }
}
