package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;

/**
 * The gated activation GeGLU (Shazeer 2020, arXiv 2002.05202): {@code out = gelu(gate) * up}, with the approximation by tanh
 * of Hendrycks and Gimpel (2016, arXiv 1606.08415), {@code gelu_pytorch_tanh} in transformers:
 * gelu(g) = g / 2 (1 + tanh(sqrt(2 / pi) (g + 0.044715 g^3))). {@code gateUp} is [n,2F], gate first, {@code out} [n,F], of one
 * dtype, F32 or BF16; arithmetic in f32, rounded once.
 */
public final class GeGlu {
    private GeGlu() {}

    /** Sets {@code out}. */
    public static void forward(Compute compute, Tensor gateUp, Tensor out) {
        GatedUnit.forward("geglu.forward", 9, compute, compute.kernels().geGlu(), gateUp, out);
    }

    /** Sets {@code dGateUp} [n,2F], a tensor of its own. */
    public static void inputGradient(Compute compute, Tensor dOut, Tensor gateUp, Tensor dGateUp) {
        GatedUnit.inputGradient(
                "geglu.input_gradient", 18, compute, compute.kernels().geGlu(), dOut, gateUp, dGateUp);
    }
}
