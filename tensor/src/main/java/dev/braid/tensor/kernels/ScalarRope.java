package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.getValue;
import static dev.braid.tensor.kernels.Addresses.setValue;

final class ScalarRope implements RopeKernels {
    @Override
    public void apply(
            boolean bf16,
            long x,
            int rows,
            int columns,
            long positions,
            long cosine,
            long sine,
            int headSize,
            int heads,
            boolean inverse) {
        int half = headSize / 2;
        for (int row = 0; row < rows; row++) {
            long angles = (long) getInt(positions, row) * half;
            for (int head = 0; head < heads; head++) {
                long start = (long) row * columns + (long) head * headSize;
                for (int j = 0; j < half; j++) {
                    float c = getFloat(cosine, angles + j);
                    float s = inverse ? -getFloat(sine, angles + j) : getFloat(sine, angles + j);
                    float low = getValue(bf16, x, start + j);
                    float high = getValue(bf16, x, start + half + j);
                    setValue(bf16, x, start + j, low * c - high * s);
                    setValue(bf16, x, start + half + j, high * c + low * s);
                }
            }
        }
    }
}
