package dev.braid.tensor.ops;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.CausalFilterKernels.Filter;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A short causal convolution over time, one filter a channel, as in Mamba (Gu and Dao 2023, arXiv 2312.00752, section 3.4) and in
 * linear attention (Yang et al. 2024, arXiv 2406.06484, section 3.3):
 * {@code y[t, c] = act(sum_j w[c, j] x[t - width + 1 + j, c] + bias[c])}, where act is SiLU or nothing. Inputs before the first token
 * of a document are zero. About {@code 2 width} floating-point operations a value.
 *
 * <p>Values are F32 or BF16, the inputs a window of columns of a matrix [tokens, columns]; state, sums and gradients of parameters
 * are F32. Arithmetic is f32, rounded once; backward computes the sums before SiLU again. Errors: {@link IllegalArgumentException}
 * for shapes and dtypes, {@link IllegalStateException} for a released tensor. One thread at a time per {@link Compute}.
 *
 * @param weight F32 or BF16 [channels, width] or [channels, 1, width]; the last column is for the token itself
 * @param bias F32 [channels]
 * @param silu whether the sum goes through SiLU
 */
public record CausalConvolution(Tensor weight, Optional<Tensor> bias, boolean silu) {
    /** Widest filter. */
    public static final int MAXIMUM_WIDTH = 8;

    /**
     * The inputs.
     *
     * @param x F32 or BF16 [tokens, columns]
     * @param firstColumn the column of channel 0
     * @param state F32 [sequences, width - 1, channels]: inputs before the first token of each sequence, the last one last; zero if
     *     absent
     */
    public record Inputs(Sequences sequences, Tensor x, int firstColumn, Optional<Tensor> state) {}

    /** Sets {@code out} [tokens, channels], of the dtype of the inputs. */
    public void forward(Compute compute, Inputs inputs, Tensor out) {
        Check check = new Check("causal_convolution.forward");
        CausalFilters filters = filters(compute, check, inputs);
        check.matrix("out", out, inputs.x.dtype(), inputs.sequences.tokens(), channels());
        check.require(
                out.count() == 0 || out.address() != inputs.x.address(),
                "out must not be x itself: later outputs read the inputs before them");
        withFilter(compute, filter -> filters.forward(List.of(filter), List.of(out)));
    }

    /** Replaces the state of {@code inputs} by the last inputs; those of earlier documents count as zero. */
    public void advanceState(Compute compute, Inputs inputs) {
        Check check = new Check("causal_convolution.advance_state");
        checkInputs(check, inputs);
        halo(check, inputs.state, inputs.sequences).advance(compute, inputs.sequences, inputs.x, inputs.firstColumn);
    }

    /**
     * Sets {@code dx} [tokens, channels], of the dtype of the inputs.
     *
     * @param dOut of that dtype [tokens, channels]; not {@code dx}
     * @param dState set to the gradient of the state; F32, its shape
     */
    public void inputGradient(Compute compute, Tensor dOut, Inputs inputs, Tensor dx, Optional<Tensor> dState) {
        Check check = new Check("causal_convolution.input_gradient");
        CausalFilters filters = filters(compute, check, inputs);
        check.matrix("dOut", dOut, inputs.x.dtype(), inputs.sequences.tokens(), channels());
        check.matrix("dx", dx, inputs.x.dtype(), inputs.sequences.tokens(), channels());
        check.require(
                dx.count() == 0 || dx.address() != dOut.address() && dx.address() != inputs.x.address(),
                "dx must not be dOut or x itself; allocate a tensor for it");
        check.require(
                dState.isEmpty() || inputs.state.isPresent(), "dState is asked for, but the inputs have no state");
        Halo dHalo = halo(check, dState, inputs.sequences);
        withFilter(compute, filter -> filters.inputGradient(List.of(filter), List.of(dOut), dx, dHalo));
    }

    /** Adds the gradients to {@code dWeight}, F32 of the weight's count, and {@code dBias}, F32 [channels], if there is a bias. */
    public void weightGradient(Compute compute, Tensor dOut, Inputs inputs, Tensor dWeight, Optional<Tensor> dBias) {
        Check check = new Check("causal_convolution.weight_gradient");
        CausalFilters filters = filters(compute, check, inputs);
        checkWeightGradient(check, dOut, inputs, dWeight, dBias);
        withFilter(
                compute,
                filter -> filters.weightGradient(filter, dOut, sums -> addSums(compute, sums, dWeight, dBias)));
    }

    /**
     * {@link #inputGradient} and {@link #weightGradient} in one pass, with the same bits.
     *
     * @param dx of the dtype of the inputs [tokens, columns], not x or {@code dOut}; of its columns as many as there are channels are set
     * @param firstColumn the first of them
     */
    public void gradients(
            Compute compute,
            Tensor dOut,
            Inputs inputs,
            Tensor dx,
            int firstColumn,
            Tensor dWeight,
            Optional<Tensor> dBias) {
        Check check = new Check("causal_convolution.gradients");
        CausalFilters filters = filters(compute, check, inputs);
        checkWeightGradient(check, dOut, inputs, dWeight, dBias);
        check.valueRows("dx", dx);
        int columns = Check.columns(dx);
        check.matrix("dx", dx, inputs.x.dtype(), inputs.sequences.tokens(), columns);
        checkColumns(check, "dx", dx, firstColumn);
        check.require(
                dx.count() == 0 || dx.address() != dOut.address() && dx.address() != inputs.x.address(),
                "dx must not be dOut or x itself; allocate a tensor for it");
        withFilter(
                compute,
                filter -> filters.gradients(
                        filter, dOut, dx, firstColumn, sums -> addSums(compute, sums, dWeight, dBias)));
    }

    private void checkWeightGradient(Check check, Tensor dOut, Inputs inputs, Tensor dWeight, Optional<Tensor> dBias) {
        check.matrix("dOut", dOut, inputs.x.dtype(), inputs.sequences.tokens(), channels());
        check.elements("dWeight", dWeight, DType.F32, weight.count());
        check.require(
                dBias.isPresent() == bias.isPresent(), "dBias must be given where there is a bias, and only there");
        dBias.ifPresent(gradient -> check.elements("dBias", gradient, DType.F32, channels()));
    }

    private void addSums(Compute compute, long sums, Tensor dWeight, Optional<Tensor> dBias) {
        int channels = channels();
        int width = width();
        for (int lag = 0; lag < width; lag++) {
            addLag(sums, dWeight.address(), lag, channels, width);
        }
        dBias.ifPresent(gradient -> {
            long last = sums + (long) width * channels * Float.BYTES;
            compute.kernels().elementwise().add(gradient.address(), last, gradient.address(), channels);
        });
    }

    private static void addLag(long sums, long dWeight, int lag, int channels, int width) {
        for (int c = 0; c < channels; c++) {
            long index = (long) c * width + width - 1 - lag;
            float sum = Addresses.getFloat(sums, (long) lag * channels + c);
            Addresses.setFloat(dWeight, index, Addresses.getFloat(dWeight, index) + sum);
        }
    }

    private int channels() {
        return Math.toIntExact(weight.shape().rows());
    }

    private int width() {
        return Math.toIntExact(weight.shape().columns());
    }

    private CausalFilters filters(Compute compute, Check check, Inputs inputs) {
        checkInputs(check, inputs);
        Halo halo = halo(check, inputs.state, inputs.sequences);
        CausalFilters.Inputs seen =
                new CausalFilters.Inputs(inputs.sequences, inputs.x, inputs.firstColumn, channels(), halo);
        return new CausalFilters(compute, check, seen, width(), silu);
    }

    private void checkInputs(Check check, Inputs inputs) {
        check.valueRows("weight", weight);
        check.require(
                weight.shape().rank() >= 2 && width() >= 1 && width() <= MAXIMUM_WIDTH,
                "weight",
                "[channels, width] with a width of 1 to " + MAXIMUM_WIDTH,
                weight);
        bias.ifPresent(vector -> check.elements("bias", vector, DType.F32, channels()));
        int rows = check.valueRows("x", inputs.x);
        checkColumns(check, "x", inputs.x, inputs.firstColumn);
        inputs.sequences.check(check, rows);
    }

    private void checkColumns(Check check, String name, Tensor matrix, int first) {
        check.require(
                first >= 0 && first <= Check.columns(matrix) - channels(),
                "columns " + first + " until " + ((long) first + channels()) + " are not all in " + name + " "
                        + matrix);
    }

    private Halo halo(Check check, Optional<Tensor> state, Sequences sequences) {
        return Halo.of(check, state, sequences, width() - 1, channels());
    }

    /** Lends the weights in F32 with a row for each lag. */
    private void withFilter(Compute compute, Consumer<Filter> body) {
        int channels = channels();
        int width = width();
        Tensor wide = compute.memory().allocate(Category.WORKSPACE, DType.F32, weight.shape());
        Tensor byLag = compute.memory().allocate(Category.WORKSPACE, DType.F32, Shape.of(width, channels));
        try {
            Elementwise.convert(compute, weight, wide);
            long from = wide.address();
            long to = byLag.address();
            for (int c = 0; c < channels; c++) {
                for (int lag = 0; lag < width; lag++) {
                    float factor = Addresses.getFloat(from, (long) c * width + width - 1 - lag);
                    Addresses.setFloat(to, (long) lag * channels + c, factor);
                }
            }
            body.accept(new Filter(to, channels, bias.map(Tensor::address).orElse(0L), width));
        } finally {
            byLag.release();
            wide.release();
        }
    }
}
