package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.ops.Functions;
import java.util.List;

/** Operations with vectors that are themselves made on the tape: F32 matrices of one row, which all tokens share. */
public final class RowVectors {
    private RowVectors() {}

    /** Row {@code index} of {@code x} F32 [n, C]: [1, C]. */
    public static Variable row(Tape tape, Variable x, int index) {
        Tensor value = x.value();
        Tensor out = tape.output(DType.F32, Shape.of(1, x.columns()));
        out.copyFrom(value.rows(index, 1));
        return tape.record(
                out,
                List.of(),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed = tape.temporary(DType.F32, value.shape());
                        passed.zero();
                        passed.rows(index, 1).copyFrom(gradient);
                        tape.addGradient(x, passed);
                    }
                },
                null);
    }

    /** {@code x[t, c] + row[c]} in the dtype of {@code x} [n, C]; {@code row} [1, C]. */
    public static Variable plus(Tape tape, Variable x, Variable row) {
        Compute compute = tape.compute();
        Tensor out = tape.output(x.value().dtype(), x.value().shape());
        Elementwise.convert(compute, x.value(), out);
        Elementwise.addBias(compute, out, row.value());
        return tape.record(
                out,
                x.tokenRows(),
                List.of(),
                gradient -> {
                    tape.addGradient(x, gradient.retain());
                    passSum(tape, row, gradient);
                },
                null);
    }

    /** {@code x[t, c] * row[c]} in the dtype of {@code x} [n, C]; {@code row} [1, C]. */
    public static Variable multiply(Tape tape, Variable x, Variable row) {
        Compute compute = tape.compute();
        Tensor value = x.value();
        Tensor out = tape.output(value.dtype(), value.shape());
        Elementwise.convert(compute, value, out);
        Functions.scaleColumns(compute, out, row.value());
        return tape.record(
                out,
                x.tokenRows(),
                List.of(value, row.value()),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed = tape.temporary(value.dtype(), value.shape());
                        Elementwise.convert(compute, gradient, passed);
                        Functions.scaleColumns(compute, passed, row.value());
                        tape.addGradient(x, passed);
                    }
                    Tensor products = tape.temporary(DType.F32, value.shape());
                    Functions.multiply(compute, gradient, value, products);
                    passSum(tape, row, products);
                    products.release();
                },
                null);
    }

    /** Adds the sum over tokens to the gradient of {@code row}. */
    private static void passSum(Tape tape, Variable row, Tensor gradient) {
        if (row.differentiable()) {
            Tensor sums = tape.temporary(DType.F32, row.value().shape());
            sums.zero();
            Elementwise.columnSum(tape.compute(), gradient, sums);
            tape.addGradient(row, sums);
        }
    }
}
