package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.setFloat;

final class ScalarCausalFilter implements CausalFilterKernels {
    @Override
    public void forward(Rows x, long reaches, Filter filter, Rows y, int rows, int channels) {
        for (int row = 0; row < rows; row++) {
            int lags = Math.min(getInt(reaches, row), filter.width() - 1);
            for (int c = 0; c < channels; c++) {
                float sum = filter.bias() == 0 ? 0 : getFloat(filter.bias(), c);
                for (int lag = 0; lag <= lags; lag++) {
                    sum += getFloat(filter.weights(lag), c) * getFloat(x.row(row - lag), c);
                }
                setFloat(y.row(row), c, sum);
            }
        }
    }

    @Override
    public void inputGradient(Rows d, long reaches, Filter filter, Rows dx, boolean add, int rows, int channels) {
        for (int row = 0; row < rows; row++) {
            for (int c = 0; c < channels; c++) {
                float sum = add ? getFloat(dx.row(row), c) : 0;
                for (int lag = 0; lag < filter.width(); lag++) {
                    if (getInt(reaches, row + lag) >= lag) {
                        sum += getFloat(filter.weights(lag), c) * getFloat(d.row(row + lag), c);
                    }
                }
                setFloat(dx.row(row), c, sum);
            }
        }
    }

    @Override
    public void weightGradient(Rows d, Rows x, long reaches, long sums, int rows, int channels, int width) {
        for (int row = 0; row < rows; row++) {
            for (int c = 0; c < channels; c++) {
                float gradient = getFloat(d.row(row), c);
                for (int lag = 0; lag < width && lag <= getInt(reaches, row); lag++) {
                    add(sums, (long) lag * channels + c, gradient * getFloat(x.row(row - lag), c));
                }
                add(sums, (long) width * channels + c, gradient);
            }
        }
    }

    private static void add(long sums, long index, float term) {
        setFloat(sums, index, getFloat(sums, index) + term);
    }
}
