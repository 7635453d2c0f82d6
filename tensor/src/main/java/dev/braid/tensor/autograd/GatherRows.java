package dev.braid.tensor.autograd;

import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.List;

/**
 * All rows on every rank of the tensor axis, for operations in which tokens see their neighbours before the first divided product.
 * Backward adds up the ranks' gradients, each of which is a summand (that of the rank's own heads or channels), and gives each rank
 * its own rows of the sum: what {@link Operations#columnLinear} does on its own (Korthikanti et al. 2022, arXiv 2205.05198, section
 * 4.2.2). Weights that are applied to all rows on every rank get summands too, as weights that every rank holds always do.
 */
public final class GatherRows {
    private GatherRows() {}

    /** All rows of {@code x}; {@code x} itself where they are here already. */
    public static Variable of(Tape tape, Variable x) {
        if (!x.divided()) {
            return x;
        }
        Tensor mine = x.value();
        Tensor all = tape.output(mine.dtype(), Shape.of(x.tokens(), mine.shape().columns()));
        tape.compute().profile().time("tensor.gather_rows", 0, tape.axis().gatherRows(mine, all)::await);
        return tape.record(
                all,
                List.of(),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed = tape.temporary(mine.dtype(), mine.shape());
                        tape.addGradient(x, new ScatteredSum(tape, gradient.retain(), passed).await());
                    }
                },
                null);
    }
}
