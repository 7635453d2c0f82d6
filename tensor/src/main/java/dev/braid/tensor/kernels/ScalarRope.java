package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.setFloat;

final class ScalarRope implements RopeKernels {
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
        for (int row = 0; row < rows; row++) {
            long angles = (long) getInt(positions, row) * half;
            for (int head = 0; head < heads; head++) {
                long start = (long) row * stride + (long) head * headSize;
                for (int j = 0; j < half; j++) {
                    float c = getFloat(cosine, angles + j);
                    float s = inverse ? -getFloat(sine, angles + j) : getFloat(sine, angles + j);
                    float low = getFloat(x, start + j);
                    float high = getFloat(x, start + half + j);
                    setFloat(x, start + j, low * c - high * s);
                    setFloat(x, start + half + j, high * c + low * s);
                }
            }
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
        for (int row = 0; row < rows; row++) {
            long angles = (long) getInt(positions, row) * half;
            for (int head = 0; head < heads; head++) {
                long start = (long) row * stride + (long) head * headSize;
                for (int j = 0; j < half; j++) {
                    float c = getFloat(cosine, angles + j);
                    float s = inverse ? -getFloat(sine, angles + j) : getFloat(sine, angles + j);
                    float even = getFloat(x, start + 2L * j);
                    float odd = getFloat(x, start + 2L * j + 1);
                    setFloat(x, start + 2L * j, even * c - odd * s);
                    setFloat(x, start + 2L * j + 1, odd * c + even * s);
                }
            }
        }
    }
}
