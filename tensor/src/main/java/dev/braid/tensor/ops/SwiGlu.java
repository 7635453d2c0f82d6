package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.SwiGluKernels;

/**
 * The gated activation SwiGLU (Shazeer 2020, arXiv 2002.05202): {@code out = silu(gate) * up}, silu(g) = g / (1 + e^-g).
 * {@code gateUp} is [n,2F], gate first, {@code out} [n,F], of one dtype, F32 or BF16; arithmetic in f32, rounded once.
 */
public final class SwiGlu {
    private SwiGlu() {}

    /** Sets {@code out}. */
    public static void forward(Compute compute, Tensor gateUp, Tensor out) {
        Check check = new Check("swiglu.forward");
        int rows = check.valueRows("out", out);
        int columns = Check.columns(out);
        check.matrix("gateUp", gateUp, out.dtype(), rows, 2L * columns);
        boolean bf16 = out.dtype() == DType.BF16;
        long bytes = (long) columns * out.dtype().bytes();
        long gateUpAt = gateUp.address();
        long outAt = out.address();
        SwiGluKernels kernels = compute.kernels().swiGlu();
        compute.profile()
                .time(
                        check.operation(),
                        5.0 * out.count(),
                        () -> Blocks.rows(
                                compute,
                                rows,
                                columns,
                                (from, count) -> kernels.forward(
                                        bf16, gateUpAt + 2 * from * bytes, outAt + from * bytes, count, columns)));
    }

    /** Sets {@code dGateUp} [n,2F], a tensor of its own. */
    public static void inputGradient(Compute compute, Tensor dOut, Tensor gateUp, Tensor dGateUp) {
        Check check = new Check("swiglu.input_gradient");
        int rows = check.valueRows("dOut", dOut);
        int columns = Check.columns(dOut);
        check.matrix("gateUp", gateUp, dOut.dtype(), rows, 2L * columns);
        check.matrix("dGateUp", dGateUp, dOut.dtype(), rows, 2L * columns);
        boolean bf16 = dOut.dtype() == DType.BF16;
        long bytes = (long) columns * dOut.dtype().bytes();
        long dOutAt = dOut.address();
        long gateUpAt = gateUp.address();
        long dGateUpAt = dGateUp.address();
        check.require(
                dGateUpAt != gateUpAt || dOut.count() == 0,
                "dGateUp must not be gateUp itself; allocate a tensor for it");
        SwiGluKernels kernels = compute.kernels().swiGlu();
        compute.profile()
                .time(
                        check.operation(),
                        10.0 * dOut.count(),
                        () -> Blocks.rows(
                                compute,
                                rows,
                                columns,
                                (from, count) -> kernels.inputGradient(
                                        bf16,
                                        dOutAt + from * bytes,
                                        gateUpAt + 2 * from * bytes,
                                        dGateUpAt + 2 * from * bytes,
                                        count,
                                        columns)));
    }
}
