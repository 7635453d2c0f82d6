package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getShort;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.Addresses.setShort;

import dev.braid.tensor.DType;
import dev.braid.tensor.kernels.CausalFilterKernels.Filter;
import dev.braid.tensor.ops.ElementFunction;

final class ScalarSiluFilter implements SiluFilterKernels {
    @Override
    public void forward(HalfRows x, Filter filter, HalfRows y, long scratch, int rows, int channels) {
        for (int row = 0; row < rows; row++) {
            for (int c = 0; c < channels; c++) {
                float value = (float) ElementFunction.SILU.value(filtered(x, filter, row, c));
                setShort(y.row(row), c, DType.toBf16(value));
            }
        }
    }

    private static float value(HalfRows rows, int row, int channel) {
        return DType.fromBf16(getShort(rows.row(row), channel));
    }

    private static float filtered(HalfRows x, Filter filter, int row, int channel) {
        float sum = filter.bias() == 0 ? 0 : getFloat(filter.bias(), channel);
        for (int lag = 0; lag < WIDTH; lag++) {
            sum += getFloat(filter.weights(lag), channel) * value(x, row - lag, channel);
        }
        return sum;
    }

    @Override
    public void throughSilu(HalfRows dOut, HalfRows x, Filter filter, long d, long scratch, int rows, int channels) {
        for (int row = 0; row < rows; row++) {
            for (int c = 0; c < channels; c++) {
                float slope = (float) ElementFunction.SILU.derivative(filtered(x, filter, row, c));
                setFloat(d, (long) row * channels + c, value(dOut, row, c) * slope);
            }
        }
    }

    @Override
    public void passBack(
            long d, HalfRows x, Filter filter, HalfRows dx, long sums, long scratch, int rows, int channels) {
        for (int c = 0; c < channels; c++) {
            for (int row = 0; row < rows; row++) {
                float sum = 0;
                for (int lag = 0; lag < WIDTH; lag++) {
                    sum += getFloat(filter.weights(lag), c) * getFloat(d, (row + (long) lag) * channels + c);
                }
                setShort(dx.row(row), c, DType.toBf16(sum));
            }
            for (int lag = 0; lag <= WIDTH; lag++) {
                float sum = 0;
                for (int row = 0; row < rows; row++) {
                    float input = lag == WIDTH ? 1 : value(x, row - lag, c);
                    sum += getFloat(d, (long) row * channels + c) * input;
                }
                setFloat(sums, (long) lag * channels + c, sum);
            }
        }
    }
}
