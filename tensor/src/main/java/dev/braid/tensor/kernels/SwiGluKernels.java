package dev.braid.tensor.kernels;

/** Kernels of SwiGLU: see {@link dev.braid.tensor.ops.SwiGlu}. A row of {@code gateUp} has {@code 2 * columns} values. */
public interface SwiGluKernels {
    /** Sets {@code out [rows, columns]}. */
    void forward(boolean bf16, long gateUp, long out, int rows, int columns);

    /** Sets {@code dGateUp [rows, 2 * columns]}. */
    void inputGradient(boolean bf16, long dOut, long gateUp, long dGateUp, int rows, int columns);
}
