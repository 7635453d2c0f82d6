package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.GatedUnitKernels;

/** What gated linear units share: checks, tiles. */
final class GatedUnit {
    private GatedUnit() {}

    static void forward(
            String operation, double flops, Compute compute, GatedUnitKernels kernels, Tensor gateUp, Tensor out) {
        Check check = new Check(operation);
        int rows = check.valueRows("out", out);
        int columns = Check.columns(out);
        check.matrix("gateUp", gateUp, out.dtype(), rows, 2L * columns);
        Tiles tiles = new Tiles(compute);
        Tiles.Operand input = tiles.read(gateUp);
        Tiles.Operand result = tiles.write(out);
        tiles.run(
                check.operation(),
                flops * out.count(),
                rows,
                tile -> kernels.forward(tile.of(input), tile.of(result), tile.rows(), columns));
    }

    static void inputGradient(
            String operation,
            double flops,
            Compute compute,
            GatedUnitKernels kernels,
            Tensor dOut,
            Tensor gateUp,
            Tensor dGateUp) {
        Check check = new Check(operation);
        int rows = check.valueRows("dOut", dOut);
        int columns = Check.columns(dOut);
        check.matrix("gateUp", gateUp, dOut.dtype(), rows, 2L * columns);
        check.matrix("dGateUp", dGateUp, dOut.dtype(), rows, 2L * columns);
        check.require(
                dGateUp.address() != gateUp.address() || dOut.count() == 0,
                "dGateUp must not be gateUp itself; allocate a tensor for it");
        Tiles tiles = new Tiles(compute);
        Tiles.Operand gradient = tiles.read(dOut);
        Tiles.Operand input = tiles.read(gateUp);
        Tiles.Operand result = tiles.write(dGateUp);
        tiles.run(
                check.operation(),
                flops * dOut.count(),
                rows,
                tile -> kernels.inputGradient(
                        tile.of(gradient), tile.of(input), tile.of(result), tile.rows(), columns));
    }
}
