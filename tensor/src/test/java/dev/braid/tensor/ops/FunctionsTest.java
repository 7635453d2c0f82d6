package dev.braid.tensor.ops;

import static dev.braid.tensor.ops.Fixture.F32_ROUNDOFF;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class FunctionsTest {
    static Stream<Arguments> functions() {
        return Fixture.kernelsAndDtypes()
                .flatMap(both -> Arrays.stream(ElementFunction.values())
                        .map(function -> Arguments.of(both.get()[0], both.get()[1], function)));
    }

    @ParameterizedTest
    @MethodSource("functions")
    void shouldComputeTheFunctionAtAnyLength(String kernels, DType dtype, ElementFunction function) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int count : Fixture.ODD_SIZES) {
                Tensor x = fixture.random(dtype, count);
                Elementwise.scale(fixture.compute(), x, 4);
                Tensor out = fixture.zeros(dtype, count);
                Functions.apply(fixture.compute(), function, x, out);
                for (int i = 0; i < count; i++) {
                    double expected = function.value(x.get(i));
                    double magnitude = function == ElementFunction.TANH ? 1 : Math.abs(expected);
                    fixture.assertClose(out, i, expected, 8 * F32_ROUNDOFF * magnitude, function + " of " + x.get(i));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("functions")
    void shouldMultiplyGradientsByTheDerivative(String kernels, DType dtype, ElementFunction function) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int count : Fixture.ODD_SIZES) {
                Tensor x = fixture.random(dtype, count);
                Tensor dOut = fixture.random(dtype, count);
                Tensor dX = fixture.zeros(dtype, count);
                Functions.inputGradient(fixture.compute(), function, dOut, x, dX);
                for (int i = 0; i < count; i++) {
                    double expected = dOut.get(i) * function.derivative(x.get(i));
                    fixture.assertClose(dX, i, expected, 1e-6 * Math.abs(dOut.get(i)), function + "' at " + x.get(i));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(ElementFunction.class)
    void shouldHaveTheDerivativeOfItsValue(ElementFunction function) {
        for (double x : new double[] {-7, -1.3, -0.2, 0.2, 0.9, 5}) {
            double slope = FiniteDifferences.gradient(new double[] {x}, at -> function.value(at[0]))[0];
            assertThat(function.derivative(x)).isCloseTo(slope, within(1e-7));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldKeepTheDigitsOfASmallSoftplus(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            // e^-30 is 9.4e-14: formed as log(1 + e^-30) in f32 it would be zero.
            Tensor x = fixture.of(DType.F32, -30, -87, 0, 30, 1000);
            Tensor out = fixture.zeros(DType.F32, 5);
            Functions.apply(fixture.compute(), ElementFunction.SOFTPLUS, x, out);
            double[] expected = {Math.exp(-30), Math.exp(-87), Math.log(2), 30, 1000};
            for (int i = 0; i < expected.length; i++) {
                fixture.assertClose(out, i, expected[i], 4 * F32_ROUNDOFF * expected[i], "softplus");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldGiveEachHeadItsFactor(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor x = fixture.of(DType.F32, 1, 2, 3, 4, 5, 6, 7, 8).reshape(2, 4);
            Tensor factors = fixture.of(DType.F32, 10, 100, 1000, 10000).reshape(2, 2);
            Tensor out = fixture.zeros(DType.F32, 2, 4);
            Functions.scaleHeads(fixture.compute(), x, factors, out);
            assertThat(out.toFloats()).containsExactly(10, 20, 300, 400, 5000, 6000, 70000, 80000);

            Tensor dots = fixture.zeros(DType.F32, 2, 2);
            Functions.dotHeads(fixture.compute(), x, x, dots);
            assertThat(dots.toFloats()).containsExactly(5, 25, 61, 113);

            Functions.scaleColumns(fixture.compute(), x, fixture.of(DType.F32, 2, 3));
            assertThat(x.toFloats()).containsExactly(2, 4, 9, 12, 10, 12, 21, 24);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldGoPartOfTheWay(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            // More than a vector of any width, and no multiple of one.
            int count = 37;
            Tensor a = fixture.zeros(dtype, count);
            Tensor b = fixture.zeros(dtype, count);
            Tensor far = fixture.zeros(dtype, count);
            for (int i = 0; i < count; i++) {
                a.set(i, i);
                b.set(i, i + 8);
                far.set(i, i % 5 / 4f);
            }
            Tensor out = fixture.zeros(dtype, count);
            Functions.mix(fixture.compute(), a, b, far, out);
            for (int i = 0; i < count; i++) {
                assertThat(out.get(i)).as("element %d", i).isEqualTo(i + 2 * (i % 5));
            }
            Functions.subtract(fixture.compute(), out, a, out);
            for (int i = 0; i < count; i++) {
                assertThat(out.get(i)).as("element %d", i).isEqualTo(2 * (i % 5));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldTakeHeadsOfAnySize(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int size : Fixture.ODD_SIZES) {
                Tensor a = fixture.random(DType.F32, 2, 3L * size);
                Tensor b = fixture.random(DType.BF16, 2, 3L * size);
                Tensor dots = fixture.zeros(DType.F32, 2, 3);
                Functions.dotHeads(fixture.compute(), a, b, dots);
                for (int head = 0; head < 6; head++) {
                    double sum = 0;
                    double magnitude = 0;
                    for (int i = 0; i < size; i++) {
                        double product = (double) a.get((long) head * size + i) * b.get((long) head * size + i);
                        sum += product;
                        magnitude += Math.abs(product);
                    }
                    fixture.assertClose(dots, head, sum, size * F32_ROUNDOFF * magnitude, "head of " + size);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldSumHeadsThatShareOne(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            // Two groups of two heads of two columns.
            Tensor x = fixture.of(dtype, 1, 2, 10, 20, 3, 4, 30, 40).reshape(1, 8);
            Tensor out = fixture.zeros(dtype, 1, 4);
            Functions.sumGroups(fixture.compute(), x, out, 2, 2);
            assertThat(out.toFloats()).containsExactly(11, 22, 33, 44);
        }
    }

    @Test
    void shouldNotDependOnThePlaceOfAValue() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.zeros(DType.F32, 37);
            for (int i = 0; i < 37; i++) {
                x.set(i, 0.7310586f);
            }
            Tensor out = fixture.zeros(DType.F32, 37);
            for (ElementFunction function : ElementFunction.values()) {
                Functions.apply(fixture.compute(), function, x, out);
                for (int i = 1; i < 37; i++) {
                    assertThat(out.get(i)).as("%s", function).isEqualTo(out.get(0));
                }
            }
        }
    }
}
