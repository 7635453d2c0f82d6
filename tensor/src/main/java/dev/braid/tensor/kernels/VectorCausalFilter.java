package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

import jdk.incubator.vector.FloatVector;

/** Lanes are channels. Tails go through the same operations one by one, so that a value's result does not depend on its lane. */
final class VectorCausalFilter implements CausalFilterKernels {
    private static final int LANES = Species.LANES;

    @Override
    public void forward(long x, long reaches, Filter filter, long y, int rows, int channels) {
        long rowBytes = (long) channels * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            int lags = Math.min(getInt(reaches, row), filter.width() - 1);
            forwardRow(x + row * rowBytes, filter, lags, y + row * rowBytes, channels);
        }
    }

    private static void forwardRow(long x, Filter filter, int lags, long y, int channels) {
        long rowBytes = (long) channels * Float.BYTES;
        long weightBytes = (long) filter.stride() * Float.BYTES;
        long weight = filter.weight();
        long bias = filter.bias();
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector sum = bias == 0 ? FloatVector.zero(Species.FLOAT) : load(bias, c);
            for (int lag = 0; lag <= lags; lag++) {
                sum = load(weight + lag * weightBytes, c).fma(load(x - lag * rowBytes, c), sum);
            }
            store(sum, y, c);
        }
        for (; c < channels; c++) {
            float sum = bias == 0 ? 0 : getFloat(bias, c);
            for (int lag = 0; lag <= lags; lag++) {
                sum = Math.fma(getFloat(weight + lag * weightBytes, c), getFloat(x - lag * rowBytes, c), sum);
            }
            setFloat(y, c, sum);
        }
    }

    @Override
    public void inputGradient(long d, long reaches, Filter filter, long dx, int rows, int channels) {
        long rowBytes = (long) channels * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            for (int lag = 0; lag < filter.width(); lag++) {
                if (getInt(reaches, row + lag) >= lag) {
                    addProduct(filter.weights(lag), d + (row + lag) * rowBytes, dx + row * rowBytes, channels);
                }
            }
        }
    }

    @Override
    public void weightGradient(long d, long x, long reaches, long sums, int rows, int channels, int width) {
        long rowBytes = (long) channels * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            int lags = Math.min(getInt(reaches, row), width - 1);
            for (int lag = 0; lag <= lags; lag++) {
                addProduct(d + row * rowBytes, x + (row - lag) * rowBytes, sums + lag * rowBytes, channels);
            }
            add(d + row * rowBytes, sums + width * rowBytes, channels);
        }
    }

    private static void addProduct(long a, long b, long sums, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(load(a, i).fma(load(b, i), load(sums, i)), sums, i);
        }
        for (; i < count; i++) {
            setFloat(sums, i, Math.fma(getFloat(a, i), getFloat(b, i), getFloat(sums, i)));
        }
    }

    private static void add(long values, long sums, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(load(sums, i).add(load(values, i)), sums, i);
        }
        for (; i < count; i++) {
            setFloat(sums, i, getFloat(sums, i) + getFloat(values, i));
        }
    }
}
