package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.matmul.MatmulSpec;
import dev.braid.tensor.parameters.Weight;
import dev.braid.tensor.routing.RowGroups;
import java.util.List;

/**
 * A linear layer for each group of rows: rows of group g go through matrix g of a weight [G, D, F]. Both directions through a
 * mixture's experts have this shape, so that the tensor axis can divide F, the last extent, of both. {@code 2 D F} FLOPs a row.
 */
public final class GroupedLinear {
    private GroupedLinear() {}

    /** {@code [x A_g, x B_g]} for the rows of each g: x [rows, D], A and B [G, D, F], result [rows, 2 F]. */
    public static Variable widen(Tape tape, Variable x, RowGroups groups, Weight left, Weight right) {
        Compute compute = tape.compute();
        int inner = Math.toIntExact(left.shape().columns());
        Tensor out = tape.output(tape.dtype(), Shape.of(groups.rows(), 2L * inner));
        new Product(groups, "experts.forward", x.value(), 0, left, false, out, 0, false).run(compute);
        new Product(groups, "experts.forward", x.value(), 0, right, false, out, inner, false).run(compute);
        return tape.record(
                out,
                List.of(x.value()),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed = tape.temporary(tape.dtype(), x.value().shape());
                        String name = "experts.input_gradient";
                        new Product(groups, name, gradient, 0, left, true, passed, 0, false).run(compute);
                        new Product(groups, name, gradient, inner, right, true, passed, 0, true).run(compute);
                        tape.addGradient(x, passed);
                    }
                },
                gradient -> {
                    addProduct(compute, groups, x.value(), gradient, 0, left);
                    addProduct(compute, groups, x.value(), gradient, inner, right);
                });
    }

    /** {@code x W_g^T} for the rows of each g: x [rows, F], W [G, D, F], result [rows, D]. */
    public static Variable narrow(Tape tape, Variable x, RowGroups groups, Weight weight) {
        Compute compute = tape.compute();
        Tensor out =
                tape.output(tape.dtype(), Shape.of(groups.rows(), weight.shape().extent(1)));
        new Product(groups, "experts.forward", x.value(), 0, weight, true, out, 0, false).run(compute);
        return tape.record(
                out,
                List.of(x.value()),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed = tape.temporary(tape.dtype(), x.value().shape());
                        new Product(groups, "experts.input_gradient", gradient, 0, weight, false, passed, 0, false)
                                .run(compute);
                        tape.addGradient(x, passed);
                    }
                },
                gradient -> addProduct(compute, groups, gradient, x.value(), 0, weight));
    }

    /**
     * {@code c = a W_g}, or {@code a W_g^T}, or that added to c.
     *
     * @param fromA first column of a
     * @param fromC first column of c
     */
    private record Product(
            RowGroups groups,
            String operation,
            Tensor a,
            int fromA,
            Weight weight,
            boolean transposed,
            Tensor c,
            int fromC,
            boolean accumulate) {
        void run(Compute compute) {
            int narrow = Math.toIntExact(weight.shape().extent(1));
            int wide = Math.toIntExact(weight.shape().columns());
            int k = transposed ? wide : narrow;
            int n = transposed ? narrow : wide;
            MatmulSpec spec = new MatmulSpec(
                    groups.rows(),
                    n,
                    k,
                    false,
                    transposed,
                    a.dtype(),
                    c.dtype(),
                    a.shape().columns(),
                    wide,
                    c.shape().columns(),
                    accumulate);
            compute.profile()
                    .time(
                            operation,
                            spec.flops(),
                            () -> compute.matmul()
                                    .multiplyGroups(spec, groups.first(), a, fromA, weight.compute(), c, fromC));
        }
    }

    /** Adds {@code rows^T columns} of each group to the gradient of its matrix; {@code columns} begin at {@code from}. */
    private static void addProduct(
            Compute compute, RowGroups groups, Tensor rows, Tensor columns, int from, Weight weight) {
        int narrow = Math.toIntExact(weight.shape().extent(1));
        int wide = Math.toIntExact(weight.shape().columns());
        MatmulSpec spec = new MatmulSpec(
                narrow,
                wide,
                groups.rows(),
                true,
                false,
                rows.dtype(),
                weight.gradient().dtype(),
                narrow,
                columns.shape().columns(),
                wide,
                true);
        compute.profile()
                .time(
                        "experts.weight_gradient",
                        spec.flops(),
                        () -> compute.matmul()
                                .addGroupProducts(spec, groups.first(), rows, columns, from, weight.gradient()));
    }
}
