package dev.braid.tensor.kernels;

/**
 * Kernels of a gated linear unit, {@code f(gate) * up}: see {@link dev.braid.tensor.ops.SwiGlu} and
 * {@link dev.braid.tensor.ops.GeGlu}. A row of {@code gateUp} has {@code 2 * columns} values.
 */
public interface GatedUnitKernels {
    /** Sets {@code out [rows, columns]}. */
    void forward(long gateUp, long out, int rows, int columns);

    /** Sets {@code dGateUp [rows, 2 * columns]}. */
    void inputGradient(long dOut, long gateUp, long dGateUp, int rows, int columns);
}
