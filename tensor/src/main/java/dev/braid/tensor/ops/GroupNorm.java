package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.Optional;

/**
 * Normalisation over groups of neighbouring columns, from one head to the whole row, with or without a gate:
 * {@code y = f(x) / sqrt(s + epsilon) * (weight + weightOffset) + bias}. RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467) has
 * {@code f(x) = x} and for s the mean of the squares; LayerNorm (Ba et al. 2016, arXiv 1607.06450) and GroupNorm (Wu and He 2018,
 * arXiv 1803.08494) take the group's mean from x first; a vector of length 1 has for s the sum of the squares. About 6
 * floating-point operations a value forward and 12 backward, a gate's function apart.
 *
 * <p>Values are F32 or BF16 [tokens, columns], all of one dtype; parameters and statistics are F32. Arithmetic is f32, rounded
 * once. A group may go on over several ranks of the tensor axis: then {@code size} exceeds the columns that are here, and an {@link
 * Exchange} sums the statistics. Errors: {@link IllegalArgumentException} for shapes and dtypes, {@link IllegalStateException} for
 * a released tensor. One thread at a time per {@link Compute}.
 *
 * @param form what is divided by what
 * @param size columns of a group, over all ranks: a divisor of the columns that are here, or, where ranks divide a group, more
 * @param weightOffset added to the weight: 1 for weights that are stored as their distance from 1
 */
public record GroupNorm(Form form, int size, float epsilon, float weightOffset, Gating gating) {
    /** What is divided by what. */
    public enum Form {
        /** x by the root of the mean of its squares. */
        RMS,
        /** x minus its mean by the root of the mean of the squares of that. */
        CENTERED,
        /** x by its length: the root of the sum of its squares. */
        UNIT_LENGTH
    }

    /** Where a gate comes in. */
    public enum Gating {
        /** Nowhere. */
        NONE(ElementFunction.SILU),
        /** {@code y = norm(x) * silu(gate)} (RetNet, GLA, Gated DeltaNet). */
        SILU_AFTER(ElementFunction.SILU),
        /** {@code y = norm(x) * sigmoid(gate)} (KDA). */
        SIGMOID_AFTER(ElementFunction.SIGMOID),
        /** {@code y = norm(x * silu(gate))} (Mamba-2). */
        SILU_BEFORE(ElementFunction.SILU);

        private final ElementFunction function;

        Gating(ElementFunction function) {
            this.function = function;
        }

        ElementFunction function() {
            return function;
        }

        boolean after() {
            return this == SILU_AFTER || this == SIGMOID_AFTER;
        }
    }

    /**
     * What is normalised.
     *
     * @param x F32 or BF16 [tokens, columns]
     * @param gate the same, where there is a gating
     * @param weight F32 [columns], or [size] for all groups alike; ones if absent
     * @param bias F32 [columns]; not with a gate
     */
    public record Operands(Tensor x, Optional<Tensor> gate, Optional<Tensor> weight, Optional<Tensor> bias) {}

    /** Sums statistics over the ranks among which groups are divided. */
    @FunctionalInterface
    public interface Exchange {
        /** No group goes beyond this rank. */
        Exchange NONE = sums -> {
            throw new IllegalStateException("group_norm: a group goes beyond this rank, but there is no exchange");
        };

        /** Replaces the elements of F32 {@code sums} [tokens] by their sums over ranks. */
        void sum(Tensor sums);
    }

    /** RMSNorm without a gate and with plain weights. */
    public static GroupNorm rms(int size, float epsilon) {
        return new GroupNorm(Form.RMS, size, epsilon, 0, Gating.NONE);
    }

    /** The same with a gate. */
    public GroupNorm withGating(Gating other) {
        return new GroupNorm(form, size, epsilon, weightOffset, other);
    }

    /** The same with another offset of the weight. */
    public GroupNorm withWeightOffset(float offset) {
        return new GroupNorm(form, size, epsilon, offset, gating);
    }

    /** Groups of which this rank has all columns or some; each token has a statistic for each. */
    public int groups(int columns) {
        return Math.max(1, columns / size);
    }

    /** Sets {@code out}, not {@code x} or the gate themselves, and {@code inverse}, F32 [tokens, groups]. */
    public void forward(Compute compute, Operands operands, Tensor out, Tensor inverse, Exchange exchange) {
        try (GroupNormPass pass = pass(compute, "group_norm.forward", operands, inverse)) {
            pass.forward(out, exchange);
        }
    }

    /**
     * Sets the gradients of x and of the gate.
     *
     * @param inverse what {@link #forward} left
     * @param dx a tensor of its own, as x
     * @param dGate the same, where there is a gate
     */
    public void inputGradient(
            Compute compute,
            Tensor dOut,
            Operands operands,
            Tensor inverse,
            Tensor dx,
            Optional<Tensor> dGate,
            Exchange exchange) {
        try (GroupNormPass pass = pass(compute, "group_norm.input_gradient", operands, inverse)) {
            pass.inputGradient(dOut, dx, dGate, exchange);
        }
    }

    /** Adds the gradients of the parameters, F32 of their counts. Their values are not read: the operands may lack them. */
    public void weightGradient(
            Compute compute,
            Tensor dOut,
            Operands operands,
            Tensor inverse,
            Optional<Tensor> dWeight,
            Optional<Tensor> dBias) {
        try (GroupNormPass pass = pass(compute, "group_norm.weight_gradient", operands, inverse)) {
            dWeight.ifPresent(target -> pass.weightGradient(dOut, target));
        }
        dBias.ifPresent(target -> Elementwise.columnSum(compute, dOut, target));
    }

    private GroupNormPass pass(Compute compute, String operation, Operands operands, Tensor inverse) {
        Check check = new Check(operation);
        int rows = check.valueRows("x", operands.x);
        int columns = Check.columns(operands.x);
        boolean divided = size > columns && form != Form.CENTERED;
        check.require(
                size > 0 && columns > 0 && (columns % size == 0 || divided),
                "groups of " + size + " columns must divide the " + columns + " columns of x"
                        + (form == Form.CENTERED ? "" : ", or be larger where ranks divide a group"));
        check.require(
                operands.gate.isPresent() == (gating != Gating.NONE),
                "a gate must be given with gating " + gating + (gating == Gating.NONE ? ": none" : ""));
        operands.gate.ifPresent(gate -> check.matrix("gate", gate, operands.x.dtype(), rows, columns));
        operands.weight.ifPresent(weight -> {
            boolean shared = size <= columns && weight.count() == size;
            check.elements("weight", weight, DType.F32, shared ? size : columns);
        });
        operands.bias.ifPresent(bias -> {
            check.require(gating == Gating.NONE, "a norm with a gate has no bias");
            check.elements("bias", bias, DType.F32, columns);
        });
        check.elements("inverse", inverse, DType.F32, (long) rows * groups(columns));
        return new GroupNormPass(compute, check, this, operands, inverse);
    }
}
