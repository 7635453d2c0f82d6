package dev.braid.tensor.autograd;

import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import java.util.List;

/**
 * The sum over the ranks of the tensor axis of a matrix of which each has a summand, plus a residual: the counterpart of {@link
 * GatherRows}. Each rank gets its own rows of the sum, or all where the residual has all.
 */
public final class ScatterRows {
    private ScatterRows() {}

    /** {@code residual + sum over ranks}: partial [n, D], all rows; the residual may be {@link Variable#zerosLike}. */
    public static Variable of(Tape tape, Variable partial, Variable residual) {
        int columns = partial.columns();
        Tensor out = tape.output(partial.value().dtype(), Shape.of(residual.rows(), columns));
        Tensor sent = ScatteredSum.partial(tape, partial.value().dtype(), partial.rows(), columns);
        sent.copyFrom(partial.value());
        if (residual.divided()) {
            new ScatteredSum(tape, sent, out).await();
        } else {
            tape.compute().profile().time("tensor.all_reduce", 0, tape.axis().allReduce(sent)::await);
            out.copyFrom(sent);
            sent.release();
        }
        if (!residual.zeros()) {
            Elementwise.add(tape.compute(), out, residual.value(), out);
        }
        return tape.record(
                out,
                residual.tokenRows(),
                List.of(),
                gradient -> {
                    if (partial.differentiable()) {
                        Tensor all =
                                tape.temporary(gradient.dtype(), partial.value().shape());
                        try (GatheredRows rows = residual.divided()
                                ? GatheredRows.of(tape, gradient, partial.rows())
                                : GatheredRows.whole(tape, gradient)) {
                            all.copyFrom(rows.await());
                        }
                        tape.addGradient(partial, all);
                    }
                    if (!residual.zeros()) {
                        tape.addGradient(residual, gradient.retain());
                    }
                },
                null);
    }
}
