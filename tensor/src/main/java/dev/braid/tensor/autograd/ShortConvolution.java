package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.CausalConvolution;
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
        NeighbourRows.require("short_convolution", tape, x, state);
        Compute compute = tape.compute();
        CausalConvolution.Inputs inputs =
                new CausalConvolution.Inputs(Sequences.of(sequences, documents), x.value(), 0, state);
        Tensor out = tape.output(x.value().dtype(), Shape.of(x.rows(), weight.rows()));
        // The weight half needs the filters again, where there is an activation, and the values may be gone by then.
        Tensor filters = copy(tape, weight.compute());
        Optional<Tensor> biases = bias.map(given -> copy(tape, given.compute()));
        CausalConvolution convolution = new CausalConvolution(filters, biases, silu);
        convolution.forward(compute, inputs, out);
        if (state.isPresent()) {
            convolution.advanceState(compute, inputs);
        }
        List<Tensor> saved = new ArrayList<>(List.of(x.value(), documents, filters));
        biases.ifPresent(saved::add);
        // Where the weight half need not wait, both come of one pass.
        boolean together = x.differentiable() && !tape.deferred();
        return tape.record(
                out,
                saved,
                gradient -> {
                    if (!x.differentiable()) {
                        return;
                    }
                    Tensor passed = tape.temporary(x.value().dtype(), x.value().shape());
                    if (together) {
                        Optional<Tensor> dBias = bias.map(Weight::gradient);
                        convolution.gradients(compute, gradient, inputs, passed, 0, weight.gradient(), dBias);
                    } else {
                        convolution.inputGradient(compute, gradient, inputs, passed, Optional.empty());
                    }
                    tape.addGradient(x, passed);
                },
                gradient -> {
                    if (!together) {
                        convolution.weightGradient(
                                compute, gradient, inputs, weight.gradient(), bias.map(Weight::gradient));
                    }
                });
    }

    private static Tensor copy(Tape tape, Tensor values) {
        Tensor copy = tape.output(values.dtype(), values.shape());
        copy.copyFrom(values);
        return copy;
    }
}
