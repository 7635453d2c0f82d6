package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.ops.GroupNorm;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Normalisations over heads, over groups of columns and over whole rows as operations of a tape: see {@link GroupNorm}. The result
 * has the rows and the dtype of x.
 *
 * <p>Where {@link GroupNorm#size} exceeds the columns that are here, the columns of a group are divided over all ranks of the tensor
 * axis, each with all rows, and statistics are summed over it.
 */
public final class Norms {
    private final Tape tape;
    private final Compute compute;
    private final GroupNorm norm;
    private final Variable x;
    private final Optional<Variable> gate;
    private final Optional<Weight> weight;
    private final Optional<Weight> bias;
    /** In place of a weight: a factor of each column of a group. */
    private final Optional<Tensor> factors;

    private Norms(
            Tape tape,
            GroupNorm norm,
            Variable x,
            Optional<Variable> gate,
            Optional<Weight> weight,
            Optional<Weight> bias,
            Optional<Tensor> factors) {
        this.tape = tape;
        this.compute = tape.compute();
        this.norm = norm;
        this.x = x;
        this.gate = gate;
        this.weight = weight;
        this.bias = bias;
        this.factors = factors;
    }

    /**
     * RMSNorm of each group of {@code size} columns of {@code x} [n, C], times {@code weight}: [C], or [size] for all groups alike;
     * without one, nothing.
     */
    public static Variable rms(Tape tape, Variable x, Optional<Weight> weight, int size, float epsilon) {
        return of(tape, GroupNorm.rms(size, epsilon), x, Optional.empty(), weight);
    }

    /** The same with a gate [n, C] of the dtype of x, before or after. */
    public static Variable gatedRms(
            Tape tape,
            Variable x,
            Variable gate,
            GroupNorm.Gating gating,
            Optional<Weight> weight,
            int size,
            float epsilon) {
        return of(tape, GroupNorm.rms(size, epsilon).withGating(gating), x, Optional.of(gate), weight);
    }

    /** A norm of any form, with its gate where it has one. */
    public static Variable of(Tape tape, GroupNorm norm, Variable x, Optional<Variable> gate, Optional<Weight> weight) {
        return new Norms(tape, norm, x, gate, weight, Optional.empty(), Optional.empty()).forward();
    }

    /** LayerNorm of the rows of {@code x} [n, C]; {@code weight} and {@code bias} [C]. */
    public static Variable layer(Tape tape, Variable x, Weight weight, Weight bias, float epsilon) {
        return group(tape, x, weight, bias, x.columns(), epsilon);
    }

    /** GroupNorm of each {@code size} columns of {@code x} [n, C]; {@code weight} and {@code bias} [C]. */
    public static Variable group(Tape tape, Variable x, Weight weight, Weight bias, int size, float epsilon) {
        GroupNorm norm = new GroupNorm(GroupNorm.Form.CENTERED, size, epsilon, 0, GroupNorm.Gating.NONE);
        return new Norms(tape, norm, x, Optional.empty(), Optional.of(weight), Optional.of(bias), Optional.empty())
                .forward();
    }

    /** {@code x / sqrt(sum(x^2) + epsilon)} for each {@code size} columns of {@code x} [n, C]. */
    public static Variable unitLength(Tape tape, Variable x, int size, float epsilon) {
        GroupNorm norm = new GroupNorm(GroupNorm.Form.UNIT_LENGTH, size, epsilon, 0, GroupNorm.Gating.NONE);
        return of(tape, norm, x, Optional.empty(), Optional.empty());
    }

    /** The same times {@code factor}, before the one rounding. */
    public static Variable unitLength(Tape tape, Variable x, int size, float epsilon, float factor) {
        GroupNorm norm = new GroupNorm(GroupNorm.Form.UNIT_LENGTH, size, epsilon, 0, GroupNorm.Gating.NONE);
        Tensor factors = tape.output(DType.F32, Shape.of(size));
        for (int column = 0; column < size; column++) {
            factors.set(column, factor);
        }
        Optional<Weight> none = Optional.empty();
        return new Norms(tape, norm, x, Optional.empty(), none, none, Optional.of(factors)).forward();
    }

    private Variable forward() {
        if (norm.size() > x.columns() && x.divided()) {
            throw new IllegalArgumentException(
                    "group_norm: a group of " + norm.size() + " columns is divided over ranks,"
                            + " and so are the rows: where columns are divided, each rank must have all rows");
        }
        Tensor value = x.value();
        Tensor out = tape.output(value.dtype(), value.shape());
        Tensor inverse = tape.output(DType.F32, Shape.of(x.rows(), norm.groups(x.columns())));
        norm.forward(compute, operands(), out, inverse, this::sumOverRanks);
        List<Tensor> saved = new ArrayList<>(List.of(value, inverse));
        gate.ifPresent(variable -> saved.add(variable.value()));
        factors.ifPresent(saved::add);
        return tape.record(
                out,
                x.tokenRows(),
                saved,
                gradient -> passGradient(gradient, inverse),
                weight.isEmpty() && bias.isEmpty() ? null : gradient -> addWeightGradient(gradient, inverse));
    }

    private GroupNorm.Operands operands() {
        return new GroupNorm.Operands(
                x.value(),
                gate.map(Variable::value),
                weight.map(Weight::compute).or(() -> factors),
                bias.map(Weight::compute));
    }

    /** Sums one number a token over the ranks that have columns of the same group. */
    private void sumOverRanks(Tensor sums) {
        int ranks = tape.axis().ranks();
        if (ranks == 1) {
            throw new IllegalArgumentException(
                    "group_norm: a group of " + norm.size() + " columns does not fit a row of " + x.columns());
        }
        int columns = weight.map(Weight::allRows).orElse(x.columns() * ranks);
        int groups = Math.max(1, columns / norm.size());
        if (groups == 1) {
            allReduce(sums);
            return;
        }
        if (ranks % groups != 0 || columns != x.columns() * ranks) {
            throw new IllegalArgumentException("group_norm: " + groups + " groups of " + norm.size()
                    + " columns can't be divided over " + ranks + " ranks; allowed are multiples of " + groups
                    + " that divide the columns evenly");
        }
        // A column for each group, zero for those of other ranks.
        Tensor all = compute.memory().zeros(Category.COMMUNICATION, DType.F32, Shape.of(x.rows(), groups));
        int mine = tape.axis().rank() / (ranks / groups);
        Elementwise.pasteColumns(compute, sums.reshape(x.rows(), 1), all, mine);
        allReduce(all);
        Elementwise.copyColumns(compute, all, mine, 1, sums.reshape(x.rows(), 1), 0);
        all.release();
    }

    private void allReduce(Tensor sums) {
        compute.profile().time("tensor.all_reduce", 0, tape.axis().allReduce(sums)::await);
    }

    private void passGradient(Tensor gradient, Tensor inverse) {
        if (Stream.concat(Stream.of(x), gate.stream()).noneMatch(Variable::differentiable)) {
            return;
        }
        Tensor dx = tape.temporary(gradient.dtype(), gradient.shape());
        Optional<Tensor> dGate = gate.map(variable -> tape.temporary(gradient.dtype(), gradient.shape()));
        norm.inputGradient(compute, gradient, operands(), inverse, dx, dGate, this::sumOverRanks);
        tape.addGradient(x, dx);
        gate.ifPresent(variable -> tape.addGradient(variable, dGate.orElseThrow()));
    }

    /** Without the values of the weight and the bias, which may be gone by now. */
    private void addWeightGradient(Tensor gradient, Tensor inverse) {
        GroupNorm.Operands operands =
                new GroupNorm.Operands(x.value(), gate.map(Variable::value), Optional.empty(), Optional.empty());
        norm.weightGradient(
                compute, gradient, operands, inverse, weight.map(Weight::gradient), bias.map(Weight::gradient));
    }
}
