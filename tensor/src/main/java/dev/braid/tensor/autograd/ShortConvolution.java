package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.CausalConvolution;
import dev.braid.tensor.ops.Sequences;
import dev.braid.tensor.parameters.Weight;
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
        CausalConvolution convolution = convolution(weight, bias, silu);
        convolution.forward(compute, inputs, out);
        if (state.isPresent()) {
            convolution.advanceState(compute, inputs);
        }
        return tape.record(
                out,
                List.of(x.value(), documents),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed =
                                tape.temporary(x.value().dtype(), x.value().shape());
                        convolution(weight, bias, silu)
                                .inputGradient(compute, gradient, inputs, passed, Optional.empty());
                        tape.addGradient(x, passed);
                    }
                },
                gradient -> convolution(weight, bias, silu)
                        .weightGradient(compute, gradient, inputs, weight.gradient(), bias.map(Weight::gradient)));
    }

    /** The values may lie elsewhere in backward than in forward. */
    private static CausalConvolution convolution(Weight weight, Optional<Weight> bias, boolean silu) {
        return new CausalConvolution(weight.compute(), bias.map(Weight::compute), silu);
    }
}
