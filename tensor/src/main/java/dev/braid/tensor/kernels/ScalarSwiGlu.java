package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getValue;
import static dev.braid.tensor.kernels.Addresses.setValue;

final class ScalarSwiGlu implements SwiGluKernels {
    @Override
    public void forward(boolean bf16, long gateUp, long out, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long gates = 2L * row * columns;
            for (int j = 0; j < columns; j++) {
                float gate = getValue(bf16, gateUp, gates + j);
                float up = getValue(bf16, gateUp, gates + columns + j);
                setValue(bf16, out, (long) row * columns + j, gate * sigmoid(gate) * up);
            }
        }
    }

    private static float sigmoid(float value) {
        return (float) (1 / (1 + Math.exp(-value)));
    }

    @Override
    public void inputGradient(boolean bf16, long dOut, long gateUp, long dGateUp, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            long gates = 2L * row * columns;
            for (int j = 0; j < columns; j++) {
                float gate = getValue(bf16, gateUp, gates + j);
                float up = getValue(bf16, gateUp, gates + columns + j);
                float d = getValue(bf16, dOut, (long) row * columns + j);
                float sigmoid = sigmoid(gate);
                float slope = sigmoid * (1 + gate * (1 - sigmoid));
                setValue(bf16, dGateUp, gates + j, d * up * slope);
                setValue(bf16, dGateUp, gates + columns + j, d * (gate * sigmoid));
            }
        }
    }
}
