package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

import jdk.incubator.vector.FloatVector;

/**
 * Lanes are channels. A filter of four lags, the usual width, has loops of its own without a loop over lags. All forms add in the
 * order of lags and of rows, and tails go through the same operations one by one: a value's result depends neither on its lane nor
 * on which form took it.
 */
final class VectorCausalFilter implements CausalFilterKernels {
    private static final int LANES = Species.LANES;
    private static final int USUAL = 4;

    @Override
    public void forward(Rows x, long reaches, Filter filter, Rows y, int rows, int channels) {
        for (int row = 0; row < rows; row++) {
            int lags = Math.min(getInt(reaches, row) + 1, filter.width());
            filterRow(x.row(row), -bytes(x), filter, lags, filter.bias(), y.row(row), channels);
        }
    }

    @Override
    public void inputGradient(Rows d, long reaches, Filter filter, Rows dx, boolean add, int rows, int channels) {
        for (int row = 0; row < rows; row++) {
            long target = dx.row(row);
            int lags = 0;
            while (lags < filter.width() && getInt(reaches, row + lags) >= lags) {
                lags++;
            }
            // A later row can't see this one where an earlier one can't: a document's border lies between.
            filterRow(d.row(row), bytes(d), filter, lags, add ? target : 0, target, channels);
        }
    }

    private static long bytes(Rows rows) {
        return (long) rows.stride() * Float.BYTES;
    }

    /** {@code y = base + sum of weights(lag) * x(lag)}, where x(lag) lies {@code step} bytes after x(lag - 1); base 0 is zero. */
    private static void filterRow(long x, long step, Filter filter, int lags, long base, long y, int channels) {
        long weight = filter.weight();
        long weightStep = (long) filter.stride() * Float.BYTES;
        int done = lags == USUAL
                ? filterFour(x, step, weight, weightStep, base, y, channels)
                : filterAny(x, step, weight, weightStep, lags, base, y, channels);
        for (int c = done; c < channels; c++) {
            float sum = base == 0 ? 0 : getFloat(base, c);
            for (int lag = 0; lag < lags; lag++) {
                sum = Math.fma(getFloat(weight + lag * weightStep, c), getFloat(x + lag * step, c), sum);
            }
            setFloat(y, c, sum);
        }
    }

    private static int filterFour(long x, long step, long weight, long weightStep, long base, long y, int channels) {
        long weight2 = weight + 2 * weightStep;
        long x2 = x + 2 * step;
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector sum = base == 0 ? FloatVector.zero(Species.FLOAT) : load(base, c);
            sum = load(weight, c).fma(load(x, c), sum);
            sum = load(weight + weightStep, c).fma(load(x + step, c), sum);
            sum = load(weight2, c).fma(load(x2, c), sum);
            store(load(weight2 + weightStep, c).fma(load(x2 + step, c), sum), y, c);
        }
        return c;
    }

    private static int filterAny(
            long x, long step, long weight, long weightStep, int lags, long base, long y, int channels) {
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector sum = base == 0 ? FloatVector.zero(Species.FLOAT) : load(base, c);
            for (int lag = 0; lag < lags; lag++) {
                sum = load(weight + lag * weightStep, c).fma(load(x + lag * step, c), sum);
            }
            store(sum, y, c);
        }
        return c;
    }

    @Override
    public void weightGradient(Rows d, Rows x, long reaches, long sums, int rows, int channels, int width) {
        long lagBytes = (long) channels * Float.BYTES;
        for (int row = 0; row < rows; ) {
            int run = 0;
            while (width == USUAL && row + run < rows && getInt(reaches, row + run) >= USUAL - 1) {
                run++;
            }
            if (run > 0) {
                addRun(d.row(row), bytes(d), x.row(row), bytes(x), sums, run, channels);
                row += run;
                continue;
            }
            int lags = Math.min(getInt(reaches, row) + 1, width);
            for (int lag = 0; lag < lags; lag++) {
                addProduct(d.row(row), x.row(row - lag), sums + lag * lagBytes, 0, channels);
            }
            add(d.row(row), sums + width * lagBytes, 0, channels);
            row++;
        }
    }

    /** Four lags of {@code rows} rows, the sums of some channels at a time in registers. */
    private static void addRun(long d, long dStep, long x, long xStep, long sums, int rows, int channels) {
        long lag = (long) channels * Float.BYTES;
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector sum0 = load(sums, c);
            FloatVector sum1 = load(sums + lag, c);
            FloatVector sum2 = load(sums + 2 * lag, c);
            FloatVector sum3 = load(sums + 3 * lag, c);
            FloatVector all = load(sums + 4 * lag, c);
            for (int row = 0; row < rows; row++) {
                FloatVector gradient = load(d + row * dStep, c);
                long at = x + row * xStep;
                sum0 = gradient.fma(load(at, c), sum0);
                sum1 = gradient.fma(load(at - xStep, c), sum1);
                sum2 = gradient.fma(load(at - 2 * xStep, c), sum2);
                sum3 = gradient.fma(load(at - 3 * xStep, c), sum3);
                all = all.add(gradient);
            }
            store(sum0, sums, c);
            store(sum1, sums + lag, c);
            store(sum2, sums + 2 * lag, c);
            store(sum3, sums + 3 * lag, c);
            store(all, sums + 4 * lag, c);
        }
        for (int row = 0; row < rows && c < channels; row++) {
            for (int i = 0; i < USUAL; i++) {
                addProduct(d + row * dStep, x + (row - i) * xStep, sums + i * lag, c, channels);
            }
            add(d + row * dStep, sums + USUAL * lag, c, channels);
        }
    }

    private static void addProduct(long a, long b, long sums, int from, int count) {
        int i = from;
        for (; i <= count - LANES; i += LANES) {
            store(load(a, i).fma(load(b, i), load(sums, i)), sums, i);
        }
        for (; i < count; i++) {
            setFloat(sums, i, Math.fma(getFloat(a, i), getFloat(b, i), getFloat(sums, i)));
        }
    }

    private static void add(long values, long sums, int from, int count) {
        int i = from;
        for (; i <= count - LANES; i += LANES) {
            store(load(sums, i).add(load(values, i)), sums, i);
        }
        for (; i < count; i++) {
            setFloat(sums, i, getFloat(sums, i) + getFloat(values, i));
        }
    }
}
