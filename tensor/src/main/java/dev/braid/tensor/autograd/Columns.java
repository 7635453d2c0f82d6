package dev.braid.tensor.autograd;

import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.ops.Functions;
import java.util.ArrayList;
import java.util.List;

/** Takes packed projections apart, puts them together, and gives heads copies. */
public final class Columns {
    private final Tape tape;
    private final Variable packed;

    /** The gradient of the whole matrix, from the part that comes first in backward to the one that comes last. */
    private Tensor begun;

    private Columns(Tape tape, Variable packed) {
        this.tape = tape;
        this.packed = packed;
    }

    /**
     * Copies neighbouring columns of {@code packed} [n, sum of widths] into matrices of their own.
     *
     * @param widths columns of each
     * @throws IllegalArgumentException when they don't add up to the columns of {@code packed}
     */
    public static List<Variable> split(Tape tape, Variable packed, int... widths) {
        Columns columns = new Columns(tape, packed);
        List<Variable> parts = new ArrayList<>();
        int first = 0;
        for (int width : widths) {
            first += width;
        }
        if (first != packed.value().shape().columns()) {
            throw new IllegalArgumentException(
                    "split: widths add up to " + first + " columns, the matrix is " + packed.value());
        }
        first = 0;
        for (int width : widths) {
            parts.add(columns.part(first, width));
            first += width;
        }
        return parts;
    }

    /**
     * Each head of {@code x} [n, G size] so many times, copies side by side: [n, G copies size]. For operands that several heads
     * share where an operation wants one for each.
     */
    public static Variable repeatHeads(Tape tape, Variable x, int size, int copies) {
        if (copies == 1) {
            return x;
        }
        Tensor value = x.value();
        int groups = x.columns() / size;
        Tensor out = tape.output(value.dtype(), Shape.of(x.rows(), (long) x.columns() * copies));
        Functions.repeatHeads(tape.compute(), value, out, size);
        return tape.record(
                out,
                x.tokenRows(),
                List.of(),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor sums = tape.temporary(value.dtype(), value.shape());
                        Functions.sumGroups(tape.compute(), gradient, sums, groups, size);
                        tape.addGradient(x, sums);
                    }
                },
                null);
    }

    /** Puts matrices of the same rows and dtype side by side: [n, sum of columns]. */
    public static Variable join(Tape tape, List<Variable> parts) {
        Variable model = parts.getFirst();
        int columns = parts.stream().mapToInt(Variable::columns).sum();
        Tensor out = tape.output(model.value().dtype(), Shape.of(model.rows(), columns));
        int first = 0;
        for (Variable part : parts) {
            Elementwise.pasteColumns(tape.compute(), part.value(), out, first);
            first += part.columns();
        }
        return tape.record(out, model.tokenRows(), List.of(), gradient -> passParts(tape, parts, gradient), null);
    }

    private static void passParts(Tape tape, List<Variable> parts, Tensor gradient) {
        int first = 0;
        for (Variable part : parts) {
            if (part.differentiable()) {
                Tensor passed = tape.temporary(gradient.dtype(), part.value().shape());
                Elementwise.copyColumns(tape.compute(), gradient, first, part.columns(), passed, 0);
                tape.addGradient(part, passed);
            }
            first += part.columns();
        }
    }

    private Variable part(int first, int width) {
        Tensor value = packed.value();
        Tensor out = tape.output(value.dtype(), Shape.of(packed.rows(), width));
        Elementwise.copyColumns(tape.compute(), value, first, width, out, 0);
        return tape.record(out, packed.tokenRows(), List.of(), gradient -> passGradient(gradient, first), null);
    }

    private void passGradient(Tensor gradient, int first) {
        if (!packed.differentiable()) {
            return;
        }
        Tensor existing = packed.takeGradient();
        if (existing != null && existing == begun) {
            Elementwise.pasteColumns(tape.compute(), gradient, begun, first);
            packed.setGradient(begun);
            return;
        }
        // Columns of parts that nothing has used have no gradient.
        begun = tape.temporary(packed.value().dtype(), packed.value().shape());
        begun.zero();
        Elementwise.pasteColumns(tape.compute(), gradient, begun, first);
        if (existing == null) {
            packed.setGradient(begun);
        } else {
            packed.setGradient(existing);
            tape.addGradient(packed, begun);
            begun = null;
        }
    }
}
