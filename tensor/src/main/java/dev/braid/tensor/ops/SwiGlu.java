package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;

/**
 * The gated activation SwiGLU (Shazeer 2020, arXiv 2002.05202): {@code out = silu(gate) * up}, silu(g) = g / (1 + e^-g).
 * {@code gateUp} is [n,2F], gate first, {@code out} [n,F], of one dtype, F32 or BF16; arithmetic in f32, rounded once.
 */
public final class SwiGlu {
    private SwiGlu() {}

    /** Sets {@code out}. */
    public static void forward(Compute compute, Tensor gateUp, Tensor out) {
        GatedUnit.forward("swiglu.forward", 5, compute, compute.kernels().swiGlu(), gateUp, out);
    }

    /** Sets {@code dGateUp} [n,2F], a tensor of its own. */
    public static void inputGradient(Compute compute, Tensor dOut, Tensor gateUp, Tensor dGateUp) {
        GatedUnit.inputGradient(
                "swiglu.input_gradient", 10, compute, compute.kernels().swiGlu(), dOut, gateUp, dGateUp);
    }
}
