package dev.braid.tensor.ops;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.CausalFilterKernels.Filter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Mixtures of each token with the token before it, {@code y_i[t, c] = x[t, c] + (x[t - 1, c] - x[t, c]) mu_i[c]}, several from one
 * x, as in RWKV (Peng et al. 2023, arXiv 2305.13048, equation 11; Peng et al. 2025, arXiv 2503.14456). The token before a document's
 * first one is zero. Each is a causal filter of width 2, with the factors {@code 1 - mu} and {@code mu}. Four floating-point
 * operations a value and mixture.
 *
 * <p>x, outputs and their gradients are F32 or BF16 [tokens, channels], of one dtype; {@code mu} is F32 [channels]. Arithmetic is
 * f32, rounded once. Errors as {@link CausalConvolution}. One thread at a time per {@link Compute}.
 */
public final class TokenMix {
    private TokenMix() {}

    /**
     * Sets {@code out}, a tensor for each of {@code mus}.
     *
     * @param state F32 [sequences, channels]: the tokens before the first ones; zero if absent
     */
    public static void forward(
            Compute compute,
            Sequences sequences,
            Tensor x,
            Optional<Tensor> state,
            List<Tensor> mus,
            List<Tensor> out) {
        Check check = new Check("token_mix.forward");
        CausalFilters filters = filters(compute, check, sequences, x, state);
        checkAll(check, x, mus, "out", out);
        requireApart(check, x, "out", out);
        withFilters(compute, Check.columns(x), mus, made -> filters.forward(made, out));
    }

    /** Replaces {@code state} by the last tokens of {@code x}. */
    public static void advanceState(Compute compute, Sequences sequences, Tensor x, Tensor state) {
        Check check = new Check("token_mix.advance_state");
        sequences.check(check, check.valueRows("x", x));
        Halo.of(check, Optional.of(state), sequences, 1, Check.columns(x)).advance(compute, sequences, x, 0);
    }

    /** Sets {@code dx}, a tensor of its own, to the sum of what the mixtures pass back; a gradient for each of {@code mus}. */
    public static void inputGradient(
            Compute compute, Sequences sequences, List<Tensor> dOut, List<Tensor> mus, Tensor dx) {
        Check check = new Check("token_mix.input_gradient");
        CausalFilters filters = filters(compute, check, sequences, dx, Optional.empty());
        checkAll(check, dx, mus, "dOut", dOut);
        requireApart(check, dx, "dOut", dOut);
        withFilters(compute, Check.columns(dx), mus, made -> filters.inputGradient(made, dOut, dx, Halo.NONE));
    }

    /** Adds the gradient of one {@code mu} to {@code dMu}, F32 [channels]. */
    public static void weightGradient(Compute compute, Sequences sequences, Tensor dOut, Tensor x, Tensor dMu) {
        Check check = new Check("token_mix.weight_gradient");
        CausalFilters filters = filters(compute, check, sequences, x, Optional.empty());
        checkAll(check, x, List.of(dMu), "dOut", List.of(dOut));
        int channels = Check.columns(x);
        filters.weightGradient(new Filter(0, channels, 0, 2), dOut, sums -> {
            for (int c = 0; c < channels; c++) {
                float difference = Addresses.getFloat(sums, (long) channels + c) - Addresses.getFloat(sums, c);
                dMu.set(c, dMu.get(c) + difference);
            }
        });
    }

    private static CausalFilters filters(
            Compute compute, Check check, Sequences sequences, Tensor x, Optional<Tensor> state) {
        sequences.check(check, check.valueRows("x", x));
        int channels = Check.columns(x);
        Halo halo = Halo.of(check, state, sequences, 1, channels);
        return new CausalFilters(compute, check, new CausalFilters.Inputs(sequences, x, 0, channels, halo), 2, false);
    }

    private static void checkAll(Check check, Tensor x, List<Tensor> mus, String name, List<Tensor> matrices) {
        check.require(
                mus.size() == matrices.size(),
                mus.size() + " mixtures need as many matrices, but there are " + matrices.size());
        mus.forEach(mu -> check.elements("mu", mu, DType.F32, Check.columns(x)));
        for (Tensor matrix : matrices) {
            check.matrix(name, matrix, x.dtype(), x.shape().rows(), Check.columns(x));
        }
    }

    private static void requireApart(Check check, Tensor x, String name, List<Tensor> matrices) {
        boolean apart = matrices.stream().allMatch(matrix -> matrix.address() != x.address());
        check.require(
                apart || x.count() == 0, name + " must not be the tensor that is mixed; allocate a tensor for it");
    }

    private static void withFilters(Compute compute, int channels, List<Tensor> mus, Consumer<List<Filter>> body) {
        Tensor factors = compute.memory().allocate(Category.WORKSPACE, DType.F32, Shape.of(mus.size(), 2, channels));
        try {
            List<Filter> filters = new ArrayList<>();
            for (int i = 0; i < mus.size(); i++) {
                long now = factors.address() + 2L * i * channels * Float.BYTES;
                long before = now + (long) channels * Float.BYTES;
                long mu = mus.get(i).address();
                for (int c = 0; c < channels; c++) {
                    float share = Addresses.getFloat(mu, c);
                    Addresses.setFloat(now, c, 1 - share);
                    Addresses.setFloat(before, c, share);
                }
                filters.add(new Filter(now, channels, 0, 2));
            }
            body.accept(filters);
        } finally {
            factors.release();
        }
    }
}
