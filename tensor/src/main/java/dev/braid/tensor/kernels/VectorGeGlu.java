package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/**
 * {@code gelu(g) = g sigmoid(g (A + B g^2))}. Tails go through the scalar twins of the same operations, so that a value's result
 * does not depend on its column.
 */
final class VectorGeGlu implements GatedUnitKernels {
    private static final int LANES = Species.LANES;
    private static final MemorySegment ALL = Addresses.ALL;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    /** {@code sqrt(8 / pi)}. */
    private static final float A = 1.5957691216f;

    /** {@code 0.044715 sqrt(8 / pi)}. */
    private static final float B = 0.0713548162726f;

    /** Squares beyond change nothing: the sigmoid is 0 or 1 by then. Bounded, so that infinity times 0 can't come up. */
    private static final float LARGEST_SQUARE = 400;

    @Override
    public void forward(long gateUp, long out, int rows, int columns) {
        long rowBytes = (long) columns * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            long gates = gateUp + 2 * row * rowBytes;
            sigmoidRow(gates, out + row * rowBytes, columns);
            forwardRow(gates, gates + rowBytes, out + row * rowBytes, columns);
        }
    }

    /** The sigmoids rest in {@code out}. */
    private static void forwardRow(long gates, long ups, long out, int columns) {
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            store(load(gates, j).mul(load(out, j)).mul(load(ups, j)), out, j);
        }
        for (; j < columns; j++) {
            setFloat(out, j, getFloat(gates, j) * getFloat(out, j) * getFloat(ups, j));
        }
    }

    private static void sigmoidRow(long gates, long out, int columns) {
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            FloatVector gate = load(gates, j);
            FloatVector square = gate.mul(gate).min(LARGEST_SQUARE);
            store(VectorMath.sigmoid(gate.mul(square.mul(B).add(A))), out, j);
        }
        for (; j < columns; j++) {
            float gate = getFloat(gates, j);
            float square = Math.min(gate * gate, LARGEST_SQUARE);
            setFloat(out, j, VectorMath.sigmoid(gate * (square * B + A)));
        }
    }

    @Override
    public void inputGradient(long dOut, long gateUp, long dGateUp, int rows, int columns) {
        long rowBytes = (long) columns * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            long gates = gateUp + 2 * row * rowBytes;
            long dGates = dGateUp + 2 * row * rowBytes;
            sigmoidRow(gates, dGates, columns);
            gradientRow(dOut + row * rowBytes, gates, gates + rowBytes, dGates, dGates + rowBytes, columns);
        }
    }

    /** The sigmoids rest in {@code dGates}. */
    private static void gradientRow(long dOut, long gates, long ups, long dGates, long dUps, int columns) {
        FloatVector one = FloatVector.broadcast(Species.FLOAT, 1);
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
            // The Vector API itself, not load and store: the compiler gives up inlining helpers in a large loop.
            long at = (long) j * Float.BYTES;
            FloatVector gate = FloatVector.fromMemorySegment(Species.FLOAT, ALL, gates + at, ORDER);
            FloatVector d = FloatVector.fromMemorySegment(Species.FLOAT, ALL, dOut + at, ORDER);
            FloatVector sigmoid = FloatVector.fromMemorySegment(Species.FLOAT, ALL, dGates + at, ORDER);
            FloatVector up = FloatVector.fromMemorySegment(Species.FLOAT, ALL, ups + at, ORDER);
            FloatVector inner = gate.mul(gate).min(LARGEST_SQUARE).mul(3 * B).add(A);
            FloatVector slope = gate.mul(one.sub(sigmoid)).mul(inner).add(one).mul(sigmoid);
            d.mul(up).mul(slope).intoMemorySegment(ALL, dGates + at, ORDER);
            d.mul(gate.mul(sigmoid)).intoMemorySegment(ALL, dUps + at, ORDER);
        }
        for (; j < columns; j++) {
            float gate = getFloat(gates, j);
            float d = getFloat(dOut, j);
            float sigmoid = getFloat(dGates, j);
            float inner = Math.min(gate * gate, LARGEST_SQUARE) * (3 * B) + A;
            float slope = (gate * (1 - sigmoid) * inner + 1) * sigmoid;
            setFloat(dGates, j, d * getFloat(ups, j) * slope);
            setFloat(dUps, j, d * (gate * sigmoid));
        }
    }
}
