package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.ExpertRows;
import dev.braid.tensor.routing.Assignment;
import dev.braid.tensor.routing.RowGroups;
import java.util.List;

/** The way of tokens to experts that this rank has all of. */
final class LocalDispatch implements ExpertDispatch {
    private final Tape tape;
    private final Assignment assignment;

    LocalDispatch(Tape tape, Tensor selected, int experts, int expected) {
        this.tape = tape;
        this.assignment = Assignment.of(tape.compute(), selected, experts, expected, tape::output);
    }

    @Override
    public RowGroups groups() {
        return assignment.groups();
    }

    private List<Tensor> places() {
        return List.of(assignment.slotOfRow(), assignment.rowOfSlot());
    }

    @Override
    public Arrival send(Variable x) {
        return () -> arranged(x);
    }

    private Variable arranged(Variable x) {
        Compute compute = tape.compute();
        Tensor value = x.value();
        Tensor out = tape.output(value.dtype(), Shape.of(groups().rows(), x.columns()));
        ExpertRows.gather(compute, assignment, value, out);
        Shape shape = value.shape();
        return tape.record(
                out,
                places(),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor existing = x.takeGradient();
                        boolean inPlace = existing != null && existing.exclusive();
                        Tensor passed = inPlace ? existing : tape.temporary(gradient.dtype(), shape);
                        ExpertRows.sum(compute, assignment, gradient, existing, passed);
                        if (existing != null && !inPlace) {
                            existing.release();
                        }
                        x.setGradient(passed);
                    }
                },
                null);
    }

    @Override
    public Arrival weights(Variable weights) {
        return () -> arrangedWeights(weights);
    }

    private Variable arrangedWeights(Variable weights) {
        Tensor out = tape.output(DType.F32, Shape.of(groups().rows(), 1));
        ExpertRows.slots(assignment, weights.value(), out);
        Shape shape = weights.value().shape();
        return tape.record(
                out,
                places(),
                gradient -> {
                    if (weights.differentiable()) {
                        Tensor passed = tape.temporary(DType.F32, shape);
                        ExpertRows.rows(assignment, gradient, passed);
                        tape.addGradient(weights, passed);
                    }
                },
                null);
    }

    @Override
    public Variable combine(Variable rows, Variable residual) {
        Compute compute = tape.compute();
        Tensor value = rows.value();
        Tensor out = tape.output(value.dtype(), Shape.of(assignment.tokens(), rows.columns()));
        ExpertRows.sum(compute, assignment, value, residual.zeros() ? null : residual.value(), out);
        Shape shape = value.shape();
        return tape.record(
                out,
                places(),
                gradient -> {
                    if (rows.differentiable()) {
                        Tensor passed = tape.temporary(gradient.dtype(), shape);
                        ExpertRows.gather(compute, assignment, gradient, passed);
                        tape.addGradient(rows, passed);
                    }
                    if (!residual.zeros()) {
                        tape.addGradient(residual, gradient.retain());
                    }
                },
                null);
    }
}
