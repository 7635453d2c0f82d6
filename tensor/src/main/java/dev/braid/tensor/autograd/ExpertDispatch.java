package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.ExpertRows;
import dev.braid.tensor.routing.Assignment;
import dev.braid.tensor.routing.RowGroups;
import java.util.List;

/**
 * The way of tokens to their experts and back: rows sorted by expert on the way there ({@link #dispatch}), sums over a token's experts on
 * the way back ({@link #combine}). Each is the other's backward.
 */
public final class ExpertDispatch {
    private final Tape tape;
    private final Assignment assignment;

    private ExpertDispatch(Tape tape, Assignment assignment) {
        this.tape = tape;
        this.assignment = assignment;
    }

    /**
     * The way to the chosen experts.
     *
     * @param selected I32 [n, K], see {@link Assignment#of}
     * @param expected slots that are taken, which a rehearsal can't see
     */
    public static ExpertDispatch of(Tape tape, Tensor selected, int experts, int expected) {
        return new ExpertDispatch(tape, Assignment.of(tape.compute(), selected, experts, expected, tape::output));
    }

    /** The rows of this rank's experts. */
    public RowGroups groups() {
        return assignment.groups();
    }

    private List<Tensor> places() {
        return List.of(assignment.slotOfRow(), assignment.rowOfSlot());
    }

    /** A row of {@code x} [n, D] for each expert of each token: [rows, D]. */
    public Variable dispatch(Variable x) {
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

    /** The weights [n, K] of the rows: F32 [rows, 1]. */
    public Variable weights(Variable weights) {
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

    /** {@code residual[t] + sum over the experts of t} of their rows [rows, D]: [n, D]; the residual may be {@link Variable#zerosLike}. */
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
