package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Embedding;
import dev.braid.tensor.parameters.Weight;
import java.util.List;

/** Look-up in a table whose rows are divided over ranks: tokens of other ranks' rows are zero rows in this rank's summand. */
final class DividedEmbedding {
    private DividedEmbedding() {}

    static Variable of(Tape tape, Tensor tokens, Weight table) {
        Compute compute = tape.compute();
        int count = Math.toIntExact(tokens.count());
        TokenRows rows = new TokenRows(count, tape.divides());
        Tensor local = tape.output(DType.I32, Shape.of(count));
        Embedding.localRows(tokens, table.firstRow(), table.rows(), table.allRows(), local);
        Tensor out = tape.output(tape.dtype(), Shape.of(rows.own(tape.axis()), table.columns()));
        if (!rows.divided()) {
            Embedding.forward(compute, table.compute(), local, out);
            compute.profile().time("tensor.all_reduce", 0, tape.axis().allReduce(out)::await);
            return tape.constant(out);
        }
        Tensor partial = ScatteredSum.partial(tape, tape.dtype(), count, table.columns());
        Embedding.forward(compute, table.compute(), local, partial);
        new ScatteredSum(tape, partial, out).await();
        return tape.record(out, rows, List.of(local), gradient -> {}, gradient -> {
            try (GatheredRows gathered = GatheredRows.of(tape, gradient, count)) {
                Embedding.weightGradient(compute, gathered.await(), local, table.gradient());
            }
        });
    }
}
