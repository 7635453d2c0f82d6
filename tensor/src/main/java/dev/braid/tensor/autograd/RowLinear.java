package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.parameters.Weight;
import java.util.List;

/**
 * {@code x W^T + residual} where ranks divide the columns of x and of W, and the rows of the residual: every rank's product is a
 * summand for all rows, and each gets its own rows of the sum (Korthikanti et al. 2022, arXiv 2205.05198, section 4.2.2).
 */
final class RowLinear {
    private final Tape tape;
    private final Compute compute;
    private final Variable x;
    private final Weight weight;
    private final Variable residual;

    /** The output's gradient of all rows, from the input half to the weight half. */
    private GatheredRows gathered;

    private RowLinear(Tape tape, Variable x, Weight weight, Variable residual) {
        this.tape = tape;
        this.compute = tape.compute();
        this.x = x;
        this.weight = weight;
        this.residual = residual;
    }

    static Variable of(Tape tape, Variable x, Weight weight, Variable residual) {
        return new RowLinear(tape, x, weight, residual).forward();
    }

    private Variable forward() {
        int columns = weight.rows();
        Tensor out = tape.output(tape.dtype(), Shape.of(residual.rows(), columns));
        Tensor partial = ScatteredSum.partial(tape, tape.dtype(), x.rows(), columns);
        Products.forward(compute, x.value(), weight, partial, false);
        if (residual.divided()) {
            new ScatteredSum(tape, partial, out).await();
            addResidual(out, out);
        } else {
            compute.profile().time("tensor.all_reduce", 0, tape.axis().allReduce(partial)::await);
            addResidual(partial, out);
            partial.release();
        }
        return tape.record(out, residual.tokenRows(), List.of(x.value()), this::inputHalf, this::weightHalf);
    }

    private void addResidual(Tensor sum, Tensor out) {
        if (!residual.zeros()) {
            Elementwise.add(compute, sum, residual.value(), out);
        } else if (sum != out) {
            Elementwise.convert(compute, sum, out);
        }
    }

    private void inputHalf(Tensor gradient) {
        gathered = GatheredRows.of(tape, gradient, x.rows());
        Tensor all = gathered.await();
        if (x.differentiable()) {
            Tensor passed = tape.temporary(tape.dtype(), x.value().shape());
            Products.inputGradient(compute, all, weight, passed);
            tape.addGradient(x, passed);
        }
        if (!residual.zeros()) {
            tape.addGradient(residual, gradient.retain());
        }
    }

    private void weightHalf(Tensor gradient) {
        Products.weightGradient(compute, gathered.rows(), x.value(), weight);
        gathered.close();
        gathered = null;
    }
}
