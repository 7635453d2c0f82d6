package dev.braid.tensor.autograd;

import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.ops.Functions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Takes packed projections apart, puts them together, and gives heads copies. */
public final class Columns {
    private final Tape tape;
    private final Variable packed;
    /** The column at which each part begins, and behind them the one at which the last part ends. */
    private final int[] borders;

    private final boolean[] passed;

    /** The gradient of the whole matrix, from the part that comes first in backward to the one that comes last. */
    private Tensor begun;

    private Columns(Tape tape, Variable packed, int[] widths) {
        this.tape = tape;
        this.packed = packed;
        passed = new boolean[widths.length];
        borders = new int[widths.length + 1];
        for (int part = 0; part < widths.length; part++) {
            borders[part + 1] = borders[part] + widths[part];
        }
        if (borders[widths.length] != packed.value().shape().columns()) {
            throw new IllegalArgumentException(
                    "split: widths add up to " + borders[widths.length] + " columns, the matrix is " + packed.value());
        }
    }

    /** Makes a part in another way than by copying it, in one operation that is recorded. */
    @FunctionalInterface
    interface Reader {
        /** The part; its input half hands its gradient to {@link Columns#pass}. */
        Variable read(Columns columns);
    }

    /**
     * Copies neighbouring columns of {@code packed} [n, sum of widths] into matrices of their own.
     *
     * @param widths columns of each
     * @throws IllegalArgumentException when they don't add up to the columns of {@code packed}
     */
    public static List<Variable> split(Tape tape, Variable packed, int... widths) {
        return split(tape, packed, widths, -1, columns -> packed);
    }

    /** The same, but for one part that {@code reader} makes of the columns where they lie. */
    static List<Variable> split(Tape tape, Variable packed, int[] widths, int read, Reader reader) {
        Columns columns = new Columns(tape, packed, widths);
        // Backward comes by here after all parts, and nothing else in between: no gradient of the whole is seen half
        // done.
        tape.whenPassed(columns::completeGradient, () -> {});
        List<Variable> parts = new ArrayList<>();
        for (int part = 0; part < widths.length; part++) {
            parts.add(part == read ? reader.read(columns) : columns.copy(part));
        }
        return parts;
    }

    /** The column at which a part begins. */
    int first(int part) {
        return borders[part];
    }

    int width(int part) {
        return borders[part + 1] - borders[part];
    }

    /** Has {@code writer} set the columns of {@code part}, and no others, in a gradient of the whole matrix. */
    void pass(int part, Consumer<Tensor> writer) {
        if (!packed.differentiable()) {
            return;
        }
        Tensor existing = packed.takeGradient();
        if (existing != null && existing != begun) {
            packed.setGradient(existing);
            Tensor alone = tape.temporary(packed.value().dtype(), packed.value().shape());
            boolean written = false;
            try {
                alone.zero();
                writer.accept(alone);
                written = true;
            } finally {
                if (!written) {
                    alone.release();
                }
            }
            tape.addGradient(packed, alone);
            return;
        }
        if (existing == null) {
            begun = tape.temporary(packed.value().dtype(), packed.value().shape());
        }
        packed.setGradient(begun);
        writer.accept(begun);
        passed[part] = true;
    }

    /** Columns of parts that nothing has used have no gradient. */
    private void completeGradient() {
        for (int part = 0; begun != null && part < passed.length; part++) {
            if (!passed[part]) {
                Tensor zeros = tape.temporary(packed.value().dtype(), Shape.of(packed.rows(), width(part)));
                zeros.zero();
                Elementwise.pasteColumns(tape.compute(), zeros, begun, first(part));
                zeros.release();
            }
        }
        begun = null;
    }

    private Variable copy(int part) {
        Tensor value = packed.value();
        Tensor out = tape.output(value.dtype(), Shape.of(packed.rows(), width(part)));
        Elementwise.copyColumns(tape.compute(), value, first(part), width(part), out, 0);
        return tape.record(
                out,
                packed.tokenRows(),
                List.of(),
                gradient -> pass(part, whole -> Elementwise.pasteColumns(tape.compute(), gradient, whole, first(part))),
                null);
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
}
