package dev.braid.tensor.ops;

import static dev.braid.tensor.ops.Fixture.F32_ROUNDOFF;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class ElementwiseTest {
    private static final List<DType> VALUES = List.of(DType.F32, DType.BF16);

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldConvertEveryPairOfDtypes(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (DType from : VALUES) {
                for (DType to : VALUES) {
                    for (int count : Fixture.ODD_SIZES) {
                        Tensor source = fixture.random(from, count);
                        Tensor target = fixture.zeros(to, count);
                        Elementwise.convert(fixture.compute(), source, target);
                        for (int i = 0; i < count; i++) {
                            float value = source.get(i);
                            float expected = to == DType.BF16 ? DType.fromBf16(DType.toBf16(value)) : value;
                            assertThat(target.get(i)).isEqualTo(expected);
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldAddEveryMixtureOfDtypesAndRoundOnce(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (DType left : VALUES) {
                for (DType right : VALUES) {
                    for (DType result : VALUES) {
                        Tensor a = fixture.random(left, 100);
                        Tensor b = fixture.random(right, 100);
                        Tensor out = fixture.zeros(result, 100);
                        Elementwise.add(fixture.compute(), a, b, out);
                        assertSums(a.toFloats(), b.toFloats(), out);
                    }
                }
            }
        }
    }

    private static void assertSums(float[] a, float[] b, Tensor out) {
        for (int i = 0; i < a.length; i++) {
            float sum = a[i] + b[i];
            float expected = out.dtype() == DType.BF16 ? DType.fromBf16(DType.toBf16(sum)) : sum;
            assertThat(out.get(i)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldAddInPlaceOverManyBlocks(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor a = fixture.random(dtype, 70_001);
            Tensor b = fixture.random(dtype, 70_001);
            float[] before = a.toFloats();
            Elementwise.add(fixture.compute(), a, b, a);
            assertSums(before, b.toFloats(), a);
            before = b.toFloats();
            Elementwise.add(fixture.compute(), a, b, b);
            assertSums(a.toFloats(), before, b);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldAddTheBiasToEachRow(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int columns : Fixture.ODD_SIZES) {
                Tensor y = fixture.random(dtype, 3, columns);
                Tensor bias = fixture.random(DType.F32, columns);
                float[] before = y.toFloats();
                Elementwise.addBias(fixture.compute(), y, bias);
                for (int row = 0; row < 3; row++) {
                    float[] rowBefore = java.util.Arrays.copyOfRange(before, row * columns, (row + 1) * columns);
                    assertSums(rowBefore, bias.toFloats(), y.rows(row, 1));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldScaleInPlace(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor values = fixture.random(dtype, 33_003);
            float[] before = values.toFloats();
            Elementwise.scale(fixture.compute(), values, -0.3f);
            for (int i = 0; i < before.length; i++) {
                float product = before[i] * -0.3f;
                float expected = dtype == DType.BF16 ? DType.fromBf16(DType.toBf16(product)) : product;
                assertThat(values.get(i)).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldAddColumnsOverManyRowBlocks(String kernels, DType dtype) {
        int rows = 259;
        try (Fixture fixture = new Fixture(kernels)) {
            for (int columns : new int[] {1, 16, 33, 600}) {
                Tensor dy = fixture.random(dtype, rows, columns);
                Tensor dBias = fixture.random(DType.F32, columns);
                float[] before = dBias.toFloats();
                Elementwise.columnSum(fixture.compute(), dy, dBias);
                for (int j = 0; j < columns; j++) {
                    double expected = before[j];
                    double size = Math.abs(before[j]);
                    for (int row = 0; row < rows; row++) {
                        expected += dy.get((long) row * columns + j);
                        size += Math.abs(dy.get((long) row * columns + j));
                    }
                    fixture.assertClose(dBias, j, expected, rows * F32_ROUNDOFF * size, "columns " + columns);
                }
            }
        }
    }

    @Test
    void shouldLeaveSumsAloneWhereThereAreNoRows() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor dBias = fixture.of(DType.F32, 1, 2);
            Elementwise.columnSum(fixture.compute(), fixture.zeros(DType.F32, 0, 2), dBias);
            assertThat(dBias.toFloats()).containsExactly(1, 2);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldSumInF64(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            // 2^24 + 1 is no f32: a sum in f32 would lose the ones.
            Tensor values = fixture.zeros(DType.F32, 10_001);
            values.set(0, 0x1p24f);
            for (int i = 1; i <= 10_000; i++) {
                values.set(i, 1);
            }
            assertThat(Elementwise.sum(fixture.compute(), values)).isEqualTo(0x1p24 + 10_000);
            assertThat(Elementwise.sum(fixture.compute(), fixture.zeros(DType.F32, 0)))
                    .isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldCopyColumnsBehindRowsThatAreThere(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor source = fixture.of(dtype, 1, 2, 3, 4, 5, 6, 7, 8).reshape(2, 4);
            Tensor target = fixture.zeros(dtype, 4, 2);
            Elementwise.copyColumns(fixture.compute(), source, 1, 2, target, 1);
            assertThat(target.toFloats()).containsExactly(0, 0, 2, 3, 6, 7, 0, 0);
        }
    }

    @Test
    void shouldPasteColumns() {
        try (Fixture fixture = new Fixture("scalar")) {
            Tensor target = fixture.of(DType.F32, 1, 2, 3, 4, 5, 6).reshape(2, 3);
            Tensor source = fixture.of(DType.F32, 7, 8).reshape(2, 1);
            Elementwise.pasteColumns(fixture.compute(), source, target, 1);
            assertThat(target.toFloats()).containsExactly(1, 7, 3, 4, 8, 6);
            assertThatThrownBy(() -> Elementwise.pasteColumns(fixture.compute(), source, target, 3))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("paste_columns: columns 3 until 4 are not all in target F32[2, 3]");
        }
    }
}
