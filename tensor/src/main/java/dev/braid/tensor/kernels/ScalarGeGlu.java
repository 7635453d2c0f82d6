package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;

/** {@code 0.5 g (1 + tanh(r))} is {@code g sigmoid(2 r)}, which does not cancel where g is far below zero. */
final class ScalarGeGlu implements GatedUnitKernels {
    private static final double SQRT_8_OVER_PI = Math.sqrt(8 / Math.PI);
    private static final double CUBIC = 0.044715;

    @Override
    public void forward(long gateUp, long out, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long gates = 2L * row * columns;
            for (int j = 0; j < columns; j++) {
                float gate = getFloat(gateUp, gates + j);
                float up = getFloat(gateUp, gates + columns + j);
                setFloat(out, (long) row * columns + j, (float) (gate * sigmoid(gate)) * up);
            }
        }
    }

    private static double sigmoid(double gate) {
        return 1 / (1 + Math.exp(-SQRT_8_OVER_PI * (gate + CUBIC * gate * gate * gate)));
    }

    @Override
    public void inputGradient(long dOut, long gateUp, long dGateUp, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long gates = 2L * row * columns;
            for (int j = 0; j < columns; j++) {
                float gate = getFloat(gateUp, gates + j);
                float up = getFloat(gateUp, gates + columns + j);
                float d = getFloat(dOut, (long) row * columns + j);
                double sigmoid = sigmoid(gate);
                double inner = SQRT_8_OVER_PI * (1 + 3 * CUBIC * gate * gate);
                double slope = sigmoid * (1 + gate * (1 - sigmoid) * inner);
                setFloat(dGateUp, gates + j, (float) (d * up * slope));
                setFloat(dGateUp, gates + columns + j, (float) (d * gate * sigmoid));
            }
        }
    }
}
