package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.parameters.Weight;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each operation's backward against differences of its forward. */
class PointwiseTest {
    private static final double TOLERANCE = 1e-3;

    @ParameterizedTest
    @EnumSource(
            value = ElementFunction.class,
            names = {"RELU", "SQUARED_RELU", "ELU_PLUS_ONE"},
            mode = EnumSource.Mode.EXCLUDE)
    void shouldDifferentiateFunctions(ElementFunction function) {
        try (GradientCheck check = new GradientCheck().input(0, 1, 3, 5)) {
            check.check(TOLERANCE, (tape, x) -> Pointwise.apply(tape, x.getFirst(), function));
        }
    }

    @Test
    void shouldDifferentiateSumsAndProducts() {
        try (GradientCheck check = new GradientCheck().input(0, 1, 3, 5).input(0, 1, 3, 5)) {
            check.check(
                    TOLERANCE,
                    (tape, x) -> Pointwise.add(
                            tape,
                            Pointwise.multiply(tape, x.get(0), x.get(1)),
                            Pointwise.scale(tape, x.get(0), -0.5f)));
        }
    }

    @Test
    void shouldMultiplyAValueByItself() {
        try (GradientCheck check = new GradientCheck().input(0, 1, 2, 3)) {
            check.check(TOLERANCE, (tape, x) -> Pointwise.multiply(tape, x.getFirst(), x.getFirst()));
        }
    }

    @Test
    void shouldDifferentiateAFactorForEachHead() {
        try (GradientCheck check = new GradientCheck().input(0, 1, 3, 8).input(0, 1, 3, 2)) {
            check.check(TOLERANCE, (tape, x) -> Pointwise.scaleHeads(tape, x.get(0), x.get(1)));
        }
    }

    @Test
    void shouldDifferentiateDifferencesMixturesAndProductsOfHeads() {
        try (GradientCheck check = new GradientCheck().input(0, 1, 3, 8).input(2, 0.2, 3, 8)) {
            check.check(TOLERANCE, (tape, x) -> Pointwise.subtract(tape, x.get(0), x.get(1)));
            check.check(TOLERANCE, (tape, x) -> Pointwise.dotHeads(tape, x.get(0), x.get(1), 2));
        }
        try (GradientCheck check =
                new GradientCheck().input(0, 1, 3, 8).input(2, 0.2, 3, 8).input(0.5, 0.3, 3, 8)) {
            check.check(TOLERANCE, (tape, x) -> Pointwise.mix(tape, x.get(0), x.get(1), x.get(2)));
        }
    }

    @Test
    void shouldDifferentiateADivisorForEachHead() {
        try (GradientCheck check = new GradientCheck().input(0, 1, 3, 8).input(2, 0.2, 3, 2)) {
            check.check(TOLERANCE, (tape, x) -> Pointwise.divideHeads(tape, x.get(0), x.get(1)));
        }
    }

    @Test
    void shouldPassNoGradientWhereALimitHolds() {
        try (GradientCheck check = new GradientCheck().input(0.5, 1, 1, 3)) {
            float[] x = check.value((tape, inputs) -> inputs.getFirst());
            float[] clamped = check.value((tape, inputs) -> Pointwise.clamp(tape, inputs.getFirst(), 0, 0.7f));
            for (int i = 0; i < x.length; i++) {
                assertThat(clamped[i]).isEqualTo(Math.min(Math.max(x[i], 0), 0.7f));
            }
            check.check(TOLERANCE, (tape, inputs) -> Pointwise.clamp(tape, inputs.getFirst(), 0, 0.7f));
        }
    }

    @Test
    void shouldDifferentiateBiasesAndFactorsOfColumns() {
        try (GradientCheck check = new GradientCheck().input(0, 1, 3, 4)) {
            Weight bias = check.weight("bias", 4);
            Weight factors = check.weight("factors", 2);
            check.check(
                    TOLERANCE,
                    (tape, x) -> Pointwise.scaleColumns(tape, Pointwise.plusBias(tape, x.getFirst(), bias), factors));
        }
    }

    @Test
    void shouldDifferentiateTheDecayOfAStep() {
        try (GradientCheck check = new GradientCheck().input(1, 0.3, 3, 4)) {
            Weight rates = check.weight("a_log", 2);
            check.check(TOLERANCE, (tape, x) -> Pointwise.decay(tape, x.getFirst(), rates));
        }
    }

    @Test
    void shouldTakePackedColumnsApart() {
        try (GradientCheck check = new GradientCheck().input(0, 1, 2, 6)) {
            check.check(TOLERANCE, (tape, x) -> {
                List<Variable> parts = Columns.split(tape, x.getFirst(), 1, 3, 2);
                Variable middle = Pointwise.apply(tape, parts.get(1), ElementFunction.SILU);
                Variable all = Pointwise.scale(tape, x.getFirst(), 0.1f);
                // The whole matrix is used beside its parts, and one part is not used at all.
                Variable again = Columns.split(tape, all, 3, 3).getFirst();
                return Pointwise.add(tape, middle, again);
            });
        }
    }

    @Test
    void shouldRefuseWidthsThatAreNotTheWholeMatrix() {
        try (GradientCheck check = new GradientCheck().input(0, 1, 2, 6)) {
            assertThatThrownBy(() -> check.value(
                            (tape, x) -> Columns.split(tape, x.getFirst(), 1, 3).getFirst()))
                    .hasMessageStartingWith("split: widths add up to 4 columns, the matrix is ");
        }
    }

    @Test
    void shouldPassGradientsThroughAnotherDtype() {
        try (GradientCheck check = new GradientCheck();
                Tape tape = Tape.training(check.compute(), DType.F32)) {
            Tensor value = row(check, DType.F32, 1, 2);
            Variable x = tape.leaf(value, true);
            value.release();
            Variable converted = Pointwise.convert(tape, x, DType.BF16);
            tape.backward(converted, row(check, DType.BF16, 0.5f, -3));
            Tensor gradient = x.passedGradient().orElseThrow();
            assertThat(gradient.dtype()).isEqualTo(DType.F32);
            assertThat(gradient.toFloats()).containsExactly(0.5f, -3);
            gradient.release();
        }
    }

    private static Tensor row(GradientCheck check, DType dtype, float... values) {
        Tensor tensor = check.compute().memory().zeros(Category.WORKSPACE, dtype, Shape.of(1, values.length));
        for (int i = 0; i < values.length; i++) {
            tensor.set(i, values[i]);
        }
        return tensor;
    }
}
