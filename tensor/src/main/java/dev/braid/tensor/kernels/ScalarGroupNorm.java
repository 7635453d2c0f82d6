package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;

final class ScalarGroupNorm implements GroupNormKernels {
    @Override
    public void center(long x, long out, int groups, int size) {
        for (int group = 0; group < groups; group++) {
            long start = (long) group * size;
            float sum = 0;
            for (int j = 0; j < size; j++) {
                sum += getFloat(x, start + j);
            }
            float mean = sum / size;
            for (int j = 0; j < size; j++) {
                setFloat(out, start + j, getFloat(x, start + j) - mean);
            }
        }
    }

    @Override
    public void squares(long x, long sums, int groups, int size) {
        for (int group = 0; group < groups; group++) {
            float sum = 0;
            for (int j = 0; j < size; j++) {
                float value = getFloat(x, (long) group * size + j);
                sum += value * value;
            }
            setFloat(sums, group, sum);
        }
    }

    @Override
    public void dots(long dy, long x, long weight, long sums, int rows, int groups, int size) {
        for (int i = 0; i < rows * groups; i++) {
            long start = (long) i * size;
            long column = (long) (i % groups) * size;
            float sum = 0;
            for (int j = 0; j < size; j++) {
                sum += getFloat(dy, start + j) * getFloat(weight, column + j) * getFloat(x, start + j);
            }
            setFloat(sums, i, sum);
        }
    }

    @Override
    public void scale(long x, long inverse, long weight, long y, int rows, int groups, int size) {
        for (int i = 0; i < rows * groups; i++) {
            long start = (long) i * size;
            long column = (long) (i % groups) * size;
            for (int j = 0; j < size; j++) {
                setFloat(y, start + j, getFloat(x, start + j) * getFloat(inverse, i) * getFloat(weight, column + j));
            }
        }
    }

    @Override
    public void inputGradient(
            long dy, long x, long weight, long inverse, long along, long dx, int rows, int groups, int size) {
        for (int i = 0; i < rows * groups; i++) {
            long start = (long) i * size;
            long column = (long) (i % groups) * size;
            for (int j = 0; j < size; j++) {
                float gradient = getFloat(dy, start + j) * getFloat(weight, column + j) * getFloat(inverse, i);
                setFloat(dx, start + j, gradient - getFloat(x, start + j) * getFloat(along, i));
            }
        }
    }

    @Override
    public void weightGradient(long dy, long x, long inverse, long sums, int rows, int groups, int size) {
        for (int i = 0; i < rows * groups; i++) {
            long start = (long) i * size;
            long column = (long) (i % groups) * size;
            for (int j = 0; j < size; j++) {
                float term = getFloat(dy, start + j) * (getFloat(x, start + j) * getFloat(inverse, i));
                setFloat(sums, column + j, getFloat(sums, column + j) + term);
            }
        }
    }
}
