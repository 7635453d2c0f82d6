package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.loadHalf;
import static dev.braid.tensor.kernels.VectorValues.store;
import static dev.braid.tensor.kernels.VectorValues.storeHalf;

final class VectorConversion implements ConversionKernels {
    private static final int LANES = Species.LANES;

    @Override
    public void widen(long source, long target, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(loadHalf(source, i), target, i);
        }
        ScalarConversion.widen(source, target, i, count);
    }

    @Override
    public void narrow(long source, long target, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            storeHalf(load(source, i), target, i);
        }
        ScalarConversion.narrow(source, target, i, count);
    }
}
