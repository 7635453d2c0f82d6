package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

final class VectorRope implements RopeKernels {
    private static final int LANES = Species.LANES;

    /** Each of the first, and each of the last, half of the lanes twice. */
    private static final VectorShuffle<Float> FIRST_TWICE = VectorShuffle.fromOp(Species.FLOAT, i -> i / 2);

    private static final VectorShuffle<Float> LAST_TWICE = VectorShuffle.fromOp(Species.FLOAT, i -> (LANES + i) / 2);

    /** Each lane in the place of its neighbour. */
    private static final VectorShuffle<Float> SWAPPED = VectorShuffle.fromOp(Species.FLOAT, i -> i ^ 1);

    @Override
    public void apply(
            long x,
            int rows,
            int stride,
            long positions,
            long cosine,
            long sine,
            int headSize,
            int rotated,
            int heads,
            boolean inverse) {
        int half = rotated / 2;
        float sign = inverse ? -1 : 1;
        for (int row = 0; row < rows; row++) {
            long angles = (long) getInt(positions, row) * half * Float.BYTES;
            long start = x + (long) row * stride * Float.BYTES;
            for (int head = 0; head < heads; head++) {
                rotate(start + (long) head * headSize * Float.BYTES, cosine + angles, sine + angles, sign, half);
            }
        }
    }

    private static void rotate(long low, long cosine, long sine, float sign, int half) {
        long high = low + (long) half * Float.BYTES;
        int j = 0;
        for (; j <= half - LANES; j += LANES) {
            FloatVector c = load(cosine, j);
            FloatVector s = load(sine, j).mul(sign);
            FloatVector a = load(low, j);
            FloatVector b = load(high, j);
            store(a.mul(c).sub(b.mul(s)), low, j);
            store(b.mul(c).add(a.mul(s)), high, j);
        }
        for (; j < half; j++) {
            float c = getFloat(cosine, j);
            float s = getFloat(sine, j) * sign;
            float a = getFloat(low, j);
            float b = getFloat(high, j);
            setFloat(low, j, a * c - b * s);
            setFloat(high, j, b * c + a * s);
        }
    }

    @Override
    public void applyInterleaved(
            long x,
            int rows,
            int stride,
            long positions,
            long cosine,
            long sine,
            int headSize,
            int rotated,
            int heads,
            boolean inverse) {
        int half = rotated / 2;
        float sign = inverse ? -1 : 1;
        // The value before a pair's middle takes the other one times the sine with the sign turned.
        FloatVector signs = FloatVector.broadcast(Species.FLOAT, sign)
                .blend(-sign, VectorMask.fromLong(Species.FLOAT, 0x5555_5555_5555_5555L));
        for (int row = 0; row < rows; row++) {
            long angles = (long) getInt(positions, row) * half * Float.BYTES;
            long start = x + (long) row * stride * Float.BYTES;
            for (int head = 0; head < heads; head++) {
                long at = start + (long) head * headSize * Float.BYTES;
                rotatePairs(at, cosine + angles, sine + angles, signs, sign, half);
            }
        }
    }

    private static void rotatePairs(long x, long cosine, long sine, FloatVector signs, float sign, int half) {
        int j = 0;
        for (; j <= half - LANES; j += LANES) {
            FloatVector c = load(cosine, j);
            FloatVector s = load(sine, j);
            FloatVector first = load(x, 2 * j);
            FloatVector second = load(x, 2 * j + LANES);
            FloatVector firstTurned =
                    first.rearrange(SWAPPED).mul(s.rearrange(FIRST_TWICE).mul(signs));
            FloatVector secondTurned =
                    second.rearrange(SWAPPED).mul(s.rearrange(LAST_TWICE).mul(signs));
            store(first.mul(c.rearrange(FIRST_TWICE)).add(firstTurned), x, 2 * j);
            store(second.mul(c.rearrange(LAST_TWICE)).add(secondTurned), x, 2 * j + LANES);
        }
        for (; j < half; j++) {
            float c = getFloat(cosine, j);
            float s = getFloat(sine, j) * sign;
            float even = getFloat(x, 2L * j);
            float odd = getFloat(x, 2L * j + 1);
            setFloat(x, 2L * j, even * c - odd * s);
            setFloat(x, 2L * j + 1, odd * c + even * s);
        }
    }
}
