package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
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
        SwiGluKernels kernels = compute.kernels().swiGlu();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand input = tiles.read(gateUp);
        Tiles.Operand result = tiles.write(out);
        tiles.run(
                check.operation(),
                5.0 * out.count(),
                rows,
                tile -> kernels.forward(tile.of(input), tile.of(result), tile.rows(), columns));
    }

    /** Sets {@code dGateUp} [n,2F], a tensor of its own. */
    public static void inputGradient(Compute compute, Tensor dOut, Tensor gateUp, Tensor dGateUp) {
        Check check = new Check("swiglu.input_gradient");
        int rows = check.valueRows("dOut", dOut);
        int columns = Check.columns(dOut);
        check.matrix("gateUp", gateUp, dOut.dtype(), rows, 2L * columns);
        check.matrix("dGateUp", dGateUp, dOut.dtype(), rows, 2L * columns);
        check.require(
                dGateUp.address() != gateUp.address() || dOut.count() == 0,
                "dGateUp must not be gateUp itself; allocate a tensor for it");
        SwiGluKernels kernels = compute.kernels().swiGlu();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand gradient = tiles.read(dOut);
        Tiles.Operand input = tiles.read(gateUp);
        Tiles.Operand result = tiles.write(dGateUp);
        tiles.run(
                check.operation(),
                10.0 * dOut.count(),
                rows,
                tile -> kernels.inputGradient(
                        tile.of(gradient), tile.of(input), tile.of(result), tile.rows(), columns));
    }
}
