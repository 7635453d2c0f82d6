package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.Weight;
import java.util.List;

/**
 * {@code x W^T} where ranks divide the rows of x and the rows of W: every rank gathers all rows of x and has its own columns of
 * the result (Korthikanti et al. 2022, arXiv 2205.05198, section 4.2.2).
 *
 * <p>Only the rank's own rows of x are kept for backward. The weight gradient needs the others too and gathers them again, while
 * the product of the input gradient runs.
 */
final class ColumnLinear {
    private final Tape tape;
    private final Compute compute;
    private final Variable x;
    private final Weight weight;
    private final int tokens;
    private final int inputs;
    private final int outputs;

    /** What the input half has begun and the weight half, which follows it at once, ends; null while nothing is in flight. */
    private GatheredRows again;

    private ScatteredSum passed;

    private ColumnLinear(Tape tape, Variable x, Weight weight) {
        this.tape = tape;
        this.compute = tape.compute();
        this.x = x;
        this.weight = weight;
        this.tokens = x.tokens();
        this.inputs = weight.columns();
        this.outputs = weight.rows();
    }

    static Variable of(Tape tape, Variable x, Weight weight) {
        return new ColumnLinear(tape, x, weight).forward();
    }

    private Variable forward() {
        Tensor out = tape.output(tape.dtype(), Shape.of(tokens, outputs));
        try (GatheredRows gathered = GatheredRows.of(tape, x)) {
            Products.forward(compute, gathered.await(), weight, out, false);
        }
        return tape.record(
                out,
                List.of(x.value()),
                gradient -> {
                    begin(gradient);
                    if (tape.deferred()) {
                        pass();
                    }
                },
                gradient -> {
                    addWeightGradient(gradient);
                    pass();
                });
    }

    private void begin(Tensor gradient) {
        if (!tape.deferred()) {
            again = GatheredRows.of(tape, x);
        }
        if (x.differentiable()) {
            Tensor partial = ScatteredSum.partial(tape, tape.dtype(), tokens, inputs);
            Products.inputGradient(compute, gradient, weight, partial);
            Tensor mine = tape.temporary(tape.dtype(), x.value().shape());
            passed = new ScatteredSum(tape, partial, mine);
        }
    }

    private void addWeightGradient(Tensor gradient) {
        GatheredRows gathered = again == null ? GatheredRows.of(tape, x) : again;
        again = null;
        try (gathered) {
            Products.weightGradient(compute, gradient, gathered.await(), weight);
        }
    }

    private void pass() {
        if (passed != null) {
            tape.addGradient(x, passed.await());
            passed = null;
        }
    }
}
