package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.loadHalf;
import static dev.braid.tensor.kernels.VectorValues.store;
import static dev.braid.tensor.kernels.VectorValues.storeHalf;

import dev.braid.tensor.DType;
import dev.braid.tensor.kernels.CausalFilterKernels.Filter;
import dev.braid.tensor.ops.ElementFunction;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;

/**
 * Lanes are channels. Channels are the outer loop, so that a filter stays in registers and each row is loaded once. There is a loop for
 * each step, and rows before the first are widened beforehand: the compiler takes no more vector operations than those in one loop, see
 * {@link OutOfLine}. Tails go through the scalar twins of the same operations.
 */
final class VectorSiluFilter implements SiluFilterKernels {
    private static final int LANES = Species.LANES;
    private static final OutOfLine FILTER = loop("filter");
    private static final OutOfLine NARROW = loop("narrow");
    private static final OutOfLine MULTIPLY = loop("multiply");
    private static final OutOfLine PASS_BACK = loop("passBack");
    private static final OutOfLine SUM = loop("sum");

    private final ConversionKernels conversion = new VectorConversion();
    private final FunctionKernels functions = new VectorFunctions();

    private static OutOfLine loop(String name) {
        return OutOfLine.ofRecord(MethodHandles.lookup(), name, Strip.class);
    }

    /**
     * What a loop goes over: rows by addresses of their first channel and bytes from one to the next.
     *
     * @param x BF16
     * @param early F32 [3, channels], the inputs before the first row
     * @param weightStep bytes from one lag to the next
     * @param y BF16, the output, its gradient, or that of x
     * @param d F32 [rows, channels], what lies before SiLU, or its gradient
     * @param sums F32 [width + 1, channels]
     */
    private record Strip(
            long x,
            long xStep,
            long early,
            long weight,
            long weightStep,
            long bias,
            long y,
            long yStep,
            long d,
            long sums,
            int rows,
            int channels) {
        long rowBytes() {
            return (long) channels * Float.BYTES;
        }
    }

    private Strip strip(
            HalfRows x, Filter filter, HalfRows y, long d, long sums, long scratch, int rows, int channels) {
        for (int row = 0; row < WIDTH - 1; row++) {
            conversion.widen(x.row(row - (WIDTH - 1)), scratch + (long) row * channels * Float.BYTES, channels);
        }
        return new Strip(
                x.address(),
                x.bytes(),
                scratch,
                filter.weight(),
                filter.weights(1) - filter.weight(),
                filter.bias(),
                y.address(),
                y.bytes(),
                d,
                sums,
                rows,
                channels);
    }

    @Override
    public void forward(HalfRows x, Filter filter, HalfRows y, long scratch, int rows, int channels) {
        long filtered = scratch + (WIDTH - 1L) * channels * Float.BYTES;
        Strip strip = strip(x, filter, y, filtered, 0, scratch, rows, channels);
        FILTER.run(strip);
        functions.value(ElementFunction.SILU, filtered, filtered, rows * channels);
        NARROW.run(strip);
    }

    @Override
    public void throughSilu(HalfRows dOut, HalfRows x, Filter filter, long d, long scratch, int rows, int channels) {
        Strip strip = strip(x, filter, dOut, d, 0, scratch, rows, channels);
        FILTER.run(strip);
        functions.derivative(ElementFunction.SILU, d, d, rows * channels);
        MULTIPLY.run(strip);
    }

    @Override
    public void passBack(
            long d, HalfRows x, Filter filter, HalfRows dx, long sums, long scratch, int rows, int channels) {
        Strip strip = strip(x, filter, dx, d, sums, scratch, rows, channels);
        PASS_BACK.run(strip);
        SUM.run(strip);
    }

    private static void filter(Strip strip) {
        int channels = strip.channels;
        long row = strip.rowBytes();
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector weight0 = load(strip.weight, c);
            FloatVector weight1 = load(strip.weight + strip.weightStep, c);
            FloatVector weight2 = load(strip.weight + 2 * strip.weightStep, c);
            FloatVector weight3 = load(strip.weight + 3 * strip.weightStep, c);
            FloatVector bias = strip.bias == 0 ? FloatVector.zero(Species.FLOAT) : load(strip.bias, c);
            FloatVector x3 = load(strip.early, c);
            FloatVector x2 = load(strip.early + row, c);
            FloatVector x1 = load(strip.early + 2 * row, c);
            long x = strip.x;
            long d = strip.d;
            for (int i = 0; i < strip.rows; i++) {
                FloatVector x0 = loadHalf(x, c);
                FloatVector sum = weight1.fma(x1, weight0.fma(x0, bias));
                store(weight3.fma(x3, weight2.fma(x2, sum)), d, c);
                x3 = x2;
                x2 = x1;
                x1 = x0;
                x += strip.xStep;
                d += row;
            }
        }
        for (; c < channels; c++) {
            for (int i = 0; i < strip.rows; i++) {
                setFloat(strip.d + i * row, c, filtered(strip, i, c));
            }
        }
    }

    private static float filtered(Strip strip, int row, int c) {
        float sum = strip.bias == 0 ? 0 : getFloat(strip.bias, c);
        for (int lag = 0; lag < WIDTH; lag++) {
            float factor = getFloat(strip.weight + lag * strip.weightStep, c);
            sum = Math.fma(factor, half(strip.x + (row - lag) * strip.xStep, c), sum);
        }
        return sum;
    }

    private static void narrow(Strip strip) {
        int channels = strip.channels;
        long row = strip.rowBytes();
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            long d = strip.d;
            long y = strip.y;
            for (int i = 0; i < strip.rows; i++) {
                storeHalf(load(d, c), y, c);
                d += row;
                y += strip.yStep;
            }
        }
        for (; c < channels; c++) {
            for (int i = 0; i < strip.rows; i++) {
                Addresses.setShort(strip.y + i * strip.yStep, c, DType.toBf16(getFloat(strip.d + i * row, c)));
            }
        }
    }

    private static void multiply(Strip strip) {
        int channels = strip.channels;
        long row = strip.rowBytes();
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            long d = strip.d;
            long y = strip.y;
            for (int i = 0; i < strip.rows; i++) {
                store(loadHalf(y, c).mul(load(d, c)), d, c);
                d += row;
                y += strip.yStep;
            }
        }
        for (; c < channels; c++) {
            for (int i = 0; i < strip.rows; i++) {
                long d = strip.d + i * row;
                setFloat(d, c, half(strip.y + i * strip.yStep, c) * getFloat(d, c));
            }
        }
    }

    private static void passBack(Strip strip) {
        int channels = strip.channels;
        long row = strip.rowBytes();
        FloatVector zero = FloatVector.zero(Species.FLOAT);
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector weight0 = load(strip.weight, c);
            FloatVector weight1 = load(strip.weight + strip.weightStep, c);
            FloatVector weight2 = load(strip.weight + 2 * strip.weightStep, c);
            FloatVector weight3 = load(strip.weight + 3 * strip.weightStep, c);
            FloatVector d0 = load(strip.d, c);
            FloatVector d1 = load(strip.d + row, c);
            FloatVector d2 = load(strip.d + 2 * row, c);
            long d = strip.d + 3 * row;
            long dx = strip.y;
            for (int i = 0; i < strip.rows; i++) {
                FloatVector d3 = load(d, c);
                FloatVector sum = weight1.fma(d1, weight0.fma(d0, zero));
                storeHalf(weight3.fma(d3, weight2.fma(d2, sum)), dx, c);
                d0 = d1;
                d1 = d2;
                d2 = d3;
                d += row;
                dx += strip.yStep;
            }
        }
        for (; c < channels; c++) {
            for (int i = 0; i < strip.rows; i++) {
                float sum = 0;
                for (int lag = 0; lag < WIDTH; lag++) {
                    float factor = getFloat(strip.weight + lag * strip.weightStep, c);
                    sum = Math.fma(factor, getFloat(strip.d + (i + lag) * row, c), sum);
                }
                Addresses.setShort(strip.y + i * strip.yStep, c, DType.toBf16(sum));
            }
        }
    }

    private static void sum(Strip strip) {
        int channels = strip.channels;
        long row = strip.rowBytes();
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector x3 = load(strip.early, c);
            FloatVector x2 = load(strip.early + row, c);
            FloatVector x1 = load(strip.early + 2 * row, c);
            FloatVector sum0 = FloatVector.zero(Species.FLOAT);
            FloatVector sum1 = sum0;
            FloatVector sum2 = sum0;
            FloatVector sum3 = sum0;
            FloatVector all = sum0;
            long x = strip.x;
            long d = strip.d;
            for (int i = 0; i < strip.rows; i++) {
                FloatVector gradient = load(d, c);
                FloatVector x0 = loadHalf(x, c);
                sum0 = gradient.fma(x0, sum0);
                sum1 = gradient.fma(x1, sum1);
                sum2 = gradient.fma(x2, sum2);
                sum3 = gradient.fma(x3, sum3);
                all = all.add(gradient);
                x3 = x2;
                x2 = x1;
                x1 = x0;
                x += strip.xStep;
                d += row;
            }
            store(sum0, strip.sums, c);
            store(sum1, strip.sums + row, c);
            store(sum2, strip.sums + 2 * row, c);
            store(sum3, strip.sums + 3 * row, c);
            store(all, strip.sums + 4 * row, c);
        }
        for (; c < channels; c++) {
            for (int lag = 0; lag <= WIDTH; lag++) {
                setFloat(strip.sums + lag * row, c, sum(strip, lag, c));
            }
        }
    }

    private static float sum(Strip strip, int lag, int c) {
        float sum = 0;
        for (int i = 0; i < strip.rows; i++) {
            float gradient = getFloat(strip.d + i * strip.rowBytes(), c);
            sum = lag == WIDTH ? sum + gradient : Math.fma(gradient, half(strip.x + (i - lag) * strip.xStep, c), sum);
        }
        return sum;
    }

    private static float half(long row, int c) {
        return DType.fromBf16(Addresses.getShort(row, c));
    }
}
