package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/** Tails go through the scalar twins of the same operations, so that a value's result does not depend on its column. */
final class VectorSwiGlu implements GatedUnitKernels {
    private static final int LANES = Species.LANES;
    private static final MemorySegment ALL = Addresses.ALL;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    @Override
    public void forward(long gateUp, long out, int rows, int columns) {
        long rowBytes = (long) columns * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            long gates = gateUp + 2 * row * rowBytes;
            forwardRow(gates, gates + rowBytes, out + row * rowBytes, columns);
        }
    }

    private static void forwardRow(long gates, long ups, long out, int columns) {
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            FloatVector gate = load(gates, j);
            store(gate.mul(VectorMath.sigmoid(gate)).mul(load(ups, j)), out, j);
        }
        for (; j < columns; j++) {
            float gate = getFloat(gates, j);
            setFloat(out, j, gate * VectorMath.sigmoid(gate) * getFloat(ups, j));
        }
    }

    @Override
    public void inputGradient(long dOut, long gateUp, long dGateUp, int rows, int columns) {
        long rowBytes = (long) columns * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            long gates = gateUp + 2 * row * rowBytes;
            long dGates = dGateUp + 2 * row * rowBytes;
            gradientRow(dOut + row * rowBytes, gates, gates + rowBytes, dGates, dGates + rowBytes, columns);
        }
    }

    /** Two loops, the sigmoids resting in {@code dGates}: in one, the compiler would no longer inline all vector code. */
    private static void gradientRow(long dOut, long gates, long ups, long dGates, long dUps, int columns) {
        sigmoidRow(gates, dGates, columns);
        FloatVector one = FloatVector.broadcast(Species.FLOAT, 1);
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            // The Vector API itself, not load and store: the compiler gives up inlining helpers in a large loop.
            long at = (long) j * Float.BYTES;
            FloatVector gate = FloatVector.fromMemorySegment(Species.FLOAT, ALL, gates + at, ORDER);
            FloatVector d = FloatVector.fromMemorySegment(Species.FLOAT, ALL, dOut + at, ORDER);
            FloatVector sigmoid = FloatVector.fromMemorySegment(Species.FLOAT, ALL, dGates + at, ORDER);
            FloatVector up = FloatVector.fromMemorySegment(Species.FLOAT, ALL, ups + at, ORDER);
            FloatVector slope = sigmoid.mul(gate.mul(one.sub(sigmoid)).add(one));
            d.mul(up).mul(slope).intoMemorySegment(ALL, dGates + at, ORDER);
            d.mul(gate.mul(sigmoid)).intoMemorySegment(ALL, dUps + at, ORDER);
        }
        for (; j < columns; j++) {
            float gate = getFloat(gates, j);
            float d = getFloat(dOut, j);
            float sigmoid = getFloat(dGates, j);
            float slope = sigmoid * (gate * (1 - sigmoid) + 1);
            setFloat(dGates, j, d * getFloat(ups, j) * slope);
            setFloat(dUps, j, d * (gate * sigmoid));
        }
    }

    private static void sigmoidRow(long gates, long out, int columns) {
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            store(VectorMath.sigmoid(load(gates, j)), out, j);
        }
        for (; j < columns; j++) {
            setFloat(out, j, VectorMath.sigmoid(getFloat(gates, j)));
        }
    }
}
