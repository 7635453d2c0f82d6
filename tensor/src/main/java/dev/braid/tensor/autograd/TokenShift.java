package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.PreviousToken;
import dev.braid.tensor.ops.Sequences;
import dev.braid.tensor.ops.TokenMix;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The token before, as it is or mixed with the token itself, as in RWKV. Arguments that all operations have: {@code x} [n, C], all
 * rows on this rank; {@code sequences} of equal length; {@code documents}, I32 [n], a number for each token that changes where a
 * document begins, before which all is zero; {@code state}, F32 [sequences, C], the tokens before the first ones, replaced by the
 * last ones, only on a tape that does not record.
 */
public final class TokenShift {
    private final Tape tape;
    private final Compute compute;
    private final Variable x;
    private final Sequences sequences;
    private final List<Weight> mus;

    /** What the mixtures have been given by backward so far. */
    private final List<Tensor> gradients = new ArrayList<>();

    private final List<Weight> gradientsOf = new ArrayList<>();

    private TokenShift(Tape tape, Variable x, List<Weight> mus, Sequences sequences) {
        this.tape = tape;
        this.compute = tape.compute();
        this.x = x;
        this.mus = mus;
        this.sequences = sequences;
    }

    /** {@code x[t - 1]} in row t, in the dtype of x. */
    public static Variable of(Tape tape, Variable x, int sequences, Tensor documents, Optional<Tensor> state) {
        NeighbourRows.require("token_shift", tape, x, state);
        Compute compute = tape.compute();
        Sequences rows = Sequences.of(sequences, documents);
        Tensor out = tape.output(x.value().dtype(), x.value().shape());
        PreviousToken.forward(compute, rows, x.value(), state, out);
        state.ifPresent(last -> PreviousToken.advanceState(compute, rows, x.value(), last));
        return tape.record(
                out,
                List.of(documents),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed = tape.temporary(gradient.dtype(), gradient.shape());
                        PreviousToken.inputGradient(compute, rows, gradient, passed);
                        tape.addGradient(x, passed);
                    }
                },
                null);
    }

    /** {@code x[t] + (x[t - 1] - x[t]) mu} for each of {@code mus}, vectors [C], in the dtype of x. */
    public static List<Variable> mix(
            Tape tape, Variable x, List<Weight> mus, int sequences, Tensor documents, Optional<Tensor> state) {
        NeighbourRows.require("token_shift", tape, x, state);
        TokenShift shift = new TokenShift(tape, x, List.copyOf(mus), Sequences.of(sequences, documents));
        return shift.forward(state);
    }

    private List<Variable> forward(Optional<Tensor> state) {
        List<Tensor> values = mus.stream()
                .map(mu -> tape.output(x.value().dtype(), x.value().shape()))
                .toList();
        TokenMix.forward(compute, sequences, x.value(), state, values(mus), values);
        state.ifPresent(last -> TokenMix.advanceState(compute, sequences, x.value(), last));
        if (x.differentiable()) {
            // Backward comes by here after all mixtures, and passes their gradients on at once.
            sequences.documents().retain();
            tape.whenPassed(this::passGradients, this::giveBack);
        }
        List<Variable> mixtures = new ArrayList<>();
        for (int i = 0; i < mus.size(); i++) {
            mixtures.add(record(values.get(i), mus.get(i)));
        }
        return mixtures;
    }

    private static List<Tensor> values(List<Weight> weights) {
        return weights.stream().map(Weight::compute).toList();
    }

    private Variable record(Tensor value, Weight mu) {
        return tape.record(
                value,
                List.of(x.value(), sequences.documents()),
                gradient -> {
                    if (x.differentiable()) {
                        gradients.add(gradient.retain());
                        gradientsOf.add(mu);
                    }
                },
                gradient -> TokenMix.weightGradient(compute, sequences, gradient, x.value(), mu.gradient()));
    }

    private void passGradients() {
        try {
            if (!gradients.isEmpty()) {
                Tensor passed = tape.temporary(x.value().dtype(), x.value().shape());
                TokenMix.inputGradient(compute, sequences, gradients, values(gradientsOf), passed);
                tape.addGradient(x, passed);
            }
        } finally {
            giveBack();
        }
    }

    private void giveBack() {
        gradients.forEach(Tensor::release);
        gradients.clear();
        sequences.documents().release();
    }
}
