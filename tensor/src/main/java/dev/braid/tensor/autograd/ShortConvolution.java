package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.CausalConvolution;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.ops.Sequences;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The short causal convolution as an operation of a tape: see {@link CausalConvolution}. */
public final class ShortConvolution {
    private ShortConvolution() {}

    /**
     * Filters each column of {@code x} [n, C] over time, in {@code sequences} of equal length, each document from zero.
     *
     * @param weight [C, width] or [C, 1, width]; the last column is for the token itself
     * @param bias [C]
     * @param silu whether the sum goes through SiLU
     * @param documents I32 [n], a number for each token that changes where a document begins
     * @param state F32 [sequences, width - 1, C]: the inputs before the first tokens, replaced by the last ones; only on a tape
     *     that does not record
     * @return [n, C] in the dtype of x
     */
    public static Variable of(
            Tape tape,
            Variable x,
            Weight weight,
            Optional<Weight> bias,
            boolean silu,
            int sequences,
            Tensor documents,
            Optional<Tensor> state) {
        int[] all = {x.columns()};
        return ofPart(tape, x, all, 0, weight, bias, silu, sequences, documents, state)
                .getFirst();
    }

    /**
     * {@link Columns#split} with one part filtered: its columns are read, and their gradients set, where they lie.
     *
     * @param packed [n, sum of widths]
     * @param widths columns of the parts
     * @param part the one that is filtered, of C columns
     */
    public static List<Variable> ofPart(
            Tape tape,
            Variable packed,
            int[] widths,
            int part,
            Weight weight,
            Optional<Weight> bias,
            boolean silu,
            int sequences,
            Tensor documents,
            Optional<Tensor> state) {
        NeighbourRows.require("short_convolution", tape, packed, state);
        if (widths[part] != weight.rows()) {
            throw new IllegalArgumentException("short_convolution: " + weight.rows()
                    + " filters can't filter a part of " + widths[part] + " columns; give one for each");
        }
        return Columns.split(tape, packed, widths, part, columns -> {
            Tensor x = packed.value();
            CausalConvolution.Inputs inputs =
                    new CausalConvolution.Inputs(Sequences.of(sequences, documents), x, columns.first(part), state);
            return filtered(tape, packed, inputs, columns, part, weight, bias, silu);
        });
    }

    private static Variable filtered(
            Tape tape,
            Variable packed,
            CausalConvolution.Inputs inputs,
            Columns columns,
            int part,
            Weight weight,
            Optional<Weight> bias,
            boolean silu) {
        Compute compute = tape.compute();
        Tensor x = inputs.x();
        Tensor out = tape.output(x.dtype(), Shape.of(packed.rows(), weight.rows()));
        // The weight half needs the filters again, where there is an activation, and the values may be gone by then.
        Tensor filters = copy(tape, weight.compute());
        Optional<Tensor> biases = bias.map(given -> copy(tape, given.compute()));
        CausalConvolution convolution = new CausalConvolution(filters, biases, silu);
        convolution.forward(compute, inputs, out);
        if (inputs.state().isPresent()) {
            convolution.advanceState(compute, inputs);
        }
        List<Tensor> saved = new ArrayList<>(List.of(x, inputs.sequences().documents(), filters));
        biases.ifPresent(saved::add);
        // Where the weight half need not wait, both come of one pass.
        boolean together = packed.differentiable() && !tape.deferred();
        return tape.record(
                out,
                saved,
                gradient -> columns.pass(part, dx -> {
                    if (together) {
                        int first = columns.first(part);
                        Optional<Tensor> dBias = bias.map(Weight::gradient);
                        convolution.gradients(compute, gradient, inputs, dx, first, weight.gradient(), dBias);
                    } else {
                        setInputGradient(tape, convolution, gradient, inputs, dx);
                    }
                }),
                gradient -> {
                    if (!together) {
                        convolution.weightGradient(
                                compute, gradient, inputs, weight.gradient(), bias.map(Weight::gradient));
                    }
                });
    }

    private static void setInputGradient(
            Tape tape, CausalConvolution convolution, Tensor gradient, CausalConvolution.Inputs inputs, Tensor dx) {
        Tensor passed = tape.temporary(gradient.dtype(), gradient.shape());
        try {
            convolution.inputGradient(tape.compute(), gradient, inputs, passed, Optional.empty());
            Elementwise.pasteColumns(tape.compute(), passed, dx, inputs.firstColumn());
        } finally {
            passed.release();
        }
    }

    private static Tensor copy(Tape tape, Tensor values) {
        Tensor copy = tape.output(values.dtype(), values.shape());
        copy.copyFrom(values);
        return copy;
    }
}
