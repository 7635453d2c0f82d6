package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;

final class ScalarSwiGlu implements GatedUnitKernels {
    @Override
    public void forward(long gateUp, long out, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long gates = 2L * row * columns;
            for (int j = 0; j < columns; j++) {
                float gate = getFloat(gateUp, gates + j);
                float up = getFloat(gateUp, gates + columns + j);
                setFloat(out, (long) row * columns + j, gate * sigmoid(gate) * up);
            }
        }
    }

    private static float sigmoid(float value) {
        return (float) (1 / (1 + Math.exp(-value)));
    }

    @Override
    public void inputGradient(long dOut, long gateUp, long dGateUp, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long gates = 2L * row * columns;
            for (int j = 0; j < columns; j++) {
                float gate = getFloat(gateUp, gates + j);
                float up = getFloat(gateUp, gates + columns + j);
                float d = getFloat(dOut, (long) row * columns + j);
                float sigmoid = sigmoid(gate);
                float slope = sigmoid * (1 + gate * (1 - sigmoid));
                setFloat(dGateUp, gates + j, d * up * slope);
                setFloat(dGateUp, gates + columns + j, d * (gate * sigmoid));
            }
        }
    }
}
