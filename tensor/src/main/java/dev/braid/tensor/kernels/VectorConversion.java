package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

final class VectorConversion implements ConversionKernels {
    private static final int LANES = Species.LANES;
    private static final int HALF_OF_LAST_PLACE = 0x7FFF;
    private static final int QUIET_NAN = 0x400000;

    @Override
    public void widen(long source, long target, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            ShortVector halves = ShortVector.fromMemorySegment(
                    Species.SHORT, Addresses.ALL, source + (long) i * Short.BYTES, ByteOrder.LITTLE_ENDIAN);
            IntVector bits = (IntVector) halves.convertShape(VectorOperators.ZERO_EXTEND_S2I, Species.INT, 0);
            store(bits.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats(), target, i);
        }
        ScalarConversion.widen(source, target, i, count);
    }

    @Override
    public void narrow(long source, long target, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector values = load(source, i);
            IntVector bits = values.reinterpretAsInts();
            IntVector odd = bits.lanewise(VectorOperators.LSHR, Short.SIZE).and(1);
            IntVector rounded = bits.add(odd).add(HALF_OF_LAST_PLACE);
            // Rounding could carry a NaN over into another number.
            VectorMask<Integer> nan = values.compare(VectorOperators.NE, values).cast(Species.INT);
            rounded = rounded.blend(bits.or(QUIET_NAN), nan).lanewise(VectorOperators.LSHR, Short.SIZE);
            ShortVector halves = (ShortVector) rounded.convertShape(VectorOperators.I2S, Species.SHORT, 0);
            halves.intoMemorySegment(Addresses.ALL, target + (long) i * Short.BYTES, ByteOrder.LITTLE_ENDIAN);
        }
        ScalarConversion.narrow(source, target, i, count);
    }
}
