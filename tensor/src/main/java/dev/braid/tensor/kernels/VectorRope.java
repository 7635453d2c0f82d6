package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

import jdk.incubator.vector.FloatVector;

final class VectorRope implements RopeKernels {
    private static final int LANES = Species.LANES;

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
}
