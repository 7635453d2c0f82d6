package dev.braid.tensor.ops;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.FunctionKernels;
import dev.braid.tensor.kernels.GroupNormKernels;
import java.util.Optional;

/**
 * One checked call of {@link GroupNorm}. A tile's rows are taken through all steps while they are in the nearest cache; where ranks
 * divide a group, statistics of all rows come first, and what they were made of is made again afterwards.
 */
final class GroupNormPass implements AutoCloseable {
    private final Compute compute;
    private final Check check;
    private final GroupNorm norm;
    private final GroupNorm.Operands operands;
    private final Tensor inverse;
    private final int rows;
    private final int columns;
    private final int groups;
    /** Columns of a group that are here. */
    private final int size;
    /** What a sum of squares is divided by. */
    private final int divisor;

    private final boolean divided;
    private final GroupNormKernels kernels;
    private final FunctionKernels functions;
    /** Weights of all columns, offset included: F32 [columns]. */
    private final Tensor weight;

    GroupNormPass(Compute compute, Check check, GroupNorm norm, GroupNorm.Operands operands, Tensor inverse) {
        this.compute = compute;
        this.check = check;
        this.norm = norm;
        this.operands = operands;
        this.inverse = inverse;
        rows = Math.toIntExact(operands.x().shape().rows());
        columns = Check.columns(operands.x());
        groups = norm.groups(columns);
        size = columns / groups;
        divisor = norm.form() == GroupNorm.Form.UNIT_LENGTH ? 1 : norm.size();
        divided = norm.size() > columns;
        kernels = compute.kernels().groupNorm();
        functions = compute.kernels().functions();
        weight = compute.memory().allocate(Category.WORKSPACE, DType.F32, Shape.of(columns));
        setWeights();
    }

    private void setWeights() {
        long target = weight.address();
        long source = operands.weight().map(Tensor::address).orElse(0L);
        int count = operands.weight().map(given -> (int) given.count()).orElse(columns);
        for (int column = 0; column < columns; column++) {
            float given = source == 0 ? 1 : Addresses.getFloat(source, column % count) + norm.weightOffset();
            Addresses.setFloat(target, column, given);
        }
    }

    @Override
    public void close() {
        weight.release();
    }

    /** Operands of a pass: x, the gate if there is one, and room for what is normalised and for a gate's function. */
    private final class Places {
        final Tiles tiles = new Tiles(compute);
        final Tiles.Operand x = tiles.read(operands.x());
        final Optional<Tiles.Operand> gate = operands.gate().map(tiles::read);
        final Tiles.Operand source = tiles.scratch(columns);
        final Tiles.Operand gated = tiles.scratch(columns);

        int count(Tiles.Tile tile) {
            return tile.rows() * columns;
        }

        long gate(Tiles.Tile tile) {
            return tile.of(gate.orElseThrow());
        }

        /** Makes what is normalised and returns its address. */
        long source(Tiles.Tile tile) {
            if (norm.gating() == GroupNorm.Gating.SILU_BEFORE) {
                functions.value(ElementFunction.SILU, gate(tile), tile.of(source), count(tile));
                functions.multiply(tile.of(x), tile.of(source), tile.of(source), count(tile));
                return tile.of(source);
            }
            if (norm.form() == GroupNorm.Form.CENTERED) {
                kernels.center(tile.of(x), tile.of(source), tile.rows() * groups, size);
                return tile.of(source);
            }
            return tile.of(x);
        }

        /** {@code d} times the function of a gate that comes after; {@code d} itself without one. */
        long gated(Tiles.Tile tile, long d) {
            if (!norm.gating().after()) {
                return d;
            }
            functions.value(norm.gating().function(), gate(tile), tile.of(gated), count(tile));
            functions.multiply(d, tile.of(gated), tile.of(gated), count(tile));
            return tile.of(gated);
        }

        void run(Tiles.Body body) {
            tiles.run(check.operation(), 6.0 * rows * columns, rows, body);
        }
    }

    private long statistics(Tensor perGroup, Tiles.Tile tile) {
        return perGroup.address() + tile.firstRow() * groups * Float.BYTES;
    }

    void forward(Tensor out, GroupNorm.Exchange exchange) {
        check.matrix("out", out, operands.x().dtype(), rows, columns);
        requireOwn("out", out);
        if (divided) {
            Places places = new Places();
            places.run(tile -> squares(tile, places.source(tile)));
            exchange.sum(inverse);
        }
        Places places = new Places();
        Tiles.Operand result = places.tiles.write(out);
        places.run(tile -> {
            long source = places.source(tile);
            if (!divided) {
                squares(tile, source);
            }
            long statistics = statistics(inverse, tile);
            takeRoots(statistics, tile.rows() * groups);
            kernels.scale(source, statistics, weight.address(), tile.of(result), tile.rows(), groups, size);
            operands.bias()
                    .ifPresent(bias -> compute.kernels()
                            .elementwise()
                            .addBias(tile.of(result), bias.address(), tile.rows(), columns));
            if (norm.gating().after()) {
                functions.value(norm.gating().function(), places.gate(tile), tile.of(places.gated), places.count(tile));
                functions.multiply(tile.of(result), tile.of(places.gated), tile.of(result), places.count(tile));
            }
        });
    }

    private void squares(Tiles.Tile tile, long source) {
        kernels.squares(source, statistics(inverse, tile), tile.rows() * groups, size);
    }

    private void takeRoots(long sums, int count) {
        for (int i = 0; i < count; i++) {
            double square = (double) Addresses.getFloat(sums, i) / divisor + norm.epsilon();
            Addresses.setFloat(sums, i, (float) (1 / Math.sqrt(square)));
        }
    }

    private void requireOwn(String name, Tensor target) {
        boolean own = target.address() != operands.x().address()
                && operands.gate()
                        .map(gate -> gate.address() != target.address())
                        .orElse(true);
        check.require(own || target.count() == 0, name + " must not be x or the gate itself; allocate a tensor for it");
    }

    void inputGradient(Tensor dOut, Tensor dx, Optional<Tensor> dGate, GroupNorm.Exchange exchange) {
        DType dtype = operands.x().dtype();
        check.matrix("dOut", dOut, dtype, rows, columns);
        check.matrix("dx", dx, dtype, rows, columns);
        requireOwn("dx", dx);
        check.require(
                dGate.isPresent() == operands.gate().isPresent(),
                "dGate must be given where there is a gate, and only there");
        dGate.ifPresent(gradient -> {
            check.matrix("dGate", gradient, dtype, rows, columns);
            requireOwn("dGate", gradient);
        });
        Tensor along = compute.memory().allocate(Category.WORKSPACE, DType.F32, Shape.of(rows, groups));
        try {
            if (divided) {
                Places places = new Places();
                Tiles.Operand gradient = places.tiles.read(dOut);
                places.run(tile -> dots(tile, places.gated(tile, tile.of(gradient)), places.source(tile), along));
                exchange.sum(along);
            }
            passGradient(dOut, dx, dGate, along);
        } finally {
            along.release();
        }
    }

    private void dots(Tiles.Tile tile, long d, long source, Tensor along) {
        kernels.dots(d, source, weight.address(), statistics(along, tile), tile.rows(), groups, size);
    }

    private void passGradient(Tensor dOut, Tensor dx, Optional<Tensor> dGate, Tensor along) {
        Places places = new Places();
        Tiles.Operand gradient = places.tiles.read(dOut);
        Tiles.Operand result = places.tiles.write(dx);
        Optional<Tiles.Operand> gateResult = dGate.map(places.tiles::write);
        places.run(tile -> {
            long source = places.source(tile);
            long d = places.gated(tile, tile.of(gradient));
            if (!divided) {
                dots(tile, d, source, along);
            }
            long inverses = statistics(inverse, tile);
            long dots = statistics(along, tile);
            takeAlong(dots, inverses, tile.rows() * groups);
            long target = tile.of(result);
            kernels.inputGradient(d, source, weight.address(), inverses, dots, target, tile.rows(), groups, size);
            if (norm.form() == GroupNorm.Form.CENTERED) {
                // Taking the mean away is its own transpose.
                kernels.center(target, target, tile.rows() * groups, size);
            }
            gateResult.ifPresent(operand -> {
                if (norm.gating().after()) {
                    passToGateAfter(places, tile, source, tile.of(gradient), tile.of(operand));
                } else {
                    passToGateBefore(places, tile, target, tile.of(operand));
                }
            });
        });
    }

    /** How much of x is taken from its gradient: {@code inverse^3 * dot / divisor}, in place of the dot products. */
    private void takeAlong(long dots, long inverses, int count) {
        for (int i = 0; i < count; i++) {
            double factor = Addresses.getFloat(inverses, i);
            double along = factor * factor * factor * Addresses.getFloat(dots, i) / divisor;
            Addresses.setFloat(dots, i, (float) along);
        }
    }

    /** {@code dGate = dOut * norm(x) * function'(gate)}. */
    private void passToGateAfter(Places places, Tiles.Tile tile, long source, long dOut, long dGate) {
        int count = places.count(tile);
        long normed = tile.of(places.source);
        kernels.scale(source, statistics(inverse, tile), weight.address(), normed, tile.rows(), groups, size);
        functions.derivative(norm.gating().function(), places.gate(tile), dGate, count);
        functions.multiply(dGate, normed, dGate, count);
        functions.multiply(dGate, dOut, dGate, count);
    }

    /** From {@code dx}, the gradient of x * silu(gate), those of x and of the gate. */
    private void passToGateBefore(Places places, Tiles.Tile tile, long dx, long dGate) {
        int count = places.count(tile);
        functions.derivative(ElementFunction.SILU, places.gate(tile), dGate, count);
        functions.multiply(dGate, tile.of(places.x), dGate, count);
        functions.multiply(dGate, dx, dGate, count);
        functions.value(ElementFunction.SILU, places.gate(tile), tile.of(places.source), count);
        functions.multiply(dx, tile.of(places.source), dx, count);
    }

    /** Adds the gradient of the weight: of each column, and of those that share one in the order of groups. */
    void weightGradient(Tensor dOut, Tensor dWeight) {
        check.matrix("dOut", dOut, operands.x().dtype(), rows, columns);
        // The weight itself does not come in: its values may be gone.
        boolean shared = norm.size() <= columns && dWeight.count() == norm.size();
        int count = shared ? norm.size() : columns;
        check.elements("dWeight", dWeight, DType.F32, count);
        Tensor sums = compute.memory().zeros(Category.WORKSPACE, DType.F32, Shape.of(columns));
        try {
            Places places = new Places();
            Tiles.Operand gradient = places.tiles.read(dOut);
            places.tiles.sumRows(check.operation(), 4.0 * rows * columns, rows, sums, (tile, target) -> {
                long d = places.gated(tile, tile.of(gradient));
                long source = places.source(tile);
                kernels.weightGradient(d, source, statistics(inverse, tile), target, tile.rows(), groups, size);
            });
            for (int column = 0; column < columns; column += count) {
                long from = sums.address() + (long) column * Float.BYTES;
                compute.kernels().elementwise().add(dWeight.address(), from, dWeight.address(), count);
            }
        } finally {
            sums.release();
        }
    }
}
