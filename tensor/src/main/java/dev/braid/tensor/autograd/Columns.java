package dev.braid.tensor.autograd;

import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import java.util.ArrayList;
import java.util.List;

/** Takes packed projections apart. */
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
