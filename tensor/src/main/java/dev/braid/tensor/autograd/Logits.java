package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.parameters.Weight;
import java.util.Optional;

/** All logits at inference: each rank makes its columns of the vocabulary for all rows and gathers those of the others. */
final class Logits {
    private Logits() {}

    /** F32 [n, V]; the caller releases it. */
    static Tensor of(Tape tape, Variable x, Weight head, LogitTransform transform) {
        Tensor own;
        try (GatheredRows rows = GatheredRows.of(tape, x)) {
            own = product(tape, rows.await(), head);
        }
        transform.forward(tape.compute(), own, Optional.empty());
        return tape.axis().ranks() == 1 ? own : allColumns(tape, own, head);
    }

    /** Logits of this rank's columns. */
    private static Tensor product(Tape tape, Tensor x, Weight head) {
        Compute compute = tape.compute();
        int rows = Math.toIntExact(x.shape().rows());
        Tensor logits = compute.memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(rows, head.rows()));
        Products.multiply(
                compute,
                "head.logits",
                rows,
                head.rows(),
                head.columns(),
                false,
                true,
                x,
                head.compute(),
                logits,
                false);
        return logits;
    }

    /** Takes over {@code own} [n, own columns]. */
    private static Tensor allColumns(Tape tape, Tensor own, Weight head) {
        TensorAxis axis = tape.axis();
        Memory memory = tape.compute().memory();
        long rows = own.shape().rows();
        long[] columns = axis.shares(head.allRows());
        long[] counts = new long[columns.length];
        for (int rank = 0; rank < counts.length; rank++) {
            counts[rank] = rows * columns[rank];
        }
        Tensor all = memory.allocate(Category.COMMUNICATION, DType.F32, Shape.of(rows * head.allRows()));
        tape.compute().profile().time("tensor.gather_logits", 0, axis.gather(own, counts, all)::await);
        own.release();
        Tensor logits = memory.allocate(Category.ACTIVATIONS, DType.F32, Shape.of(rows, head.allRows()));
        long from = 0;
        int firstColumn = 0;
        for (int rank = 0; rank < counts.length; rank++) {
            Tensor part = all.rows(from, counts[rank]).reshape(rows, columns[rank]);
            Elementwise.pasteColumns(tape.compute(), part, logits, firstColumn);
            from += counts[rank];
            firstColumn += (int) columns[rank];
        }
        all.release();
        return logits;
    }
}
