package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class EmbeddingTest {
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldCopyTheRowsOfTokens(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor table = fixture.random(dtype, 10, 33);
            Tensor out = fixture.zeros(dtype, 4, 33);
            Embedding.forward(fixture.compute(), table, fixture.ints(9, 0, 0, 3), out);
            assertThat(out.rows(0, 1).toFloats())
                    .containsExactly(table.rows(9, 1).toFloats());
            assertThat(out.rows(2, 1).toFloats())
                    .containsExactly(table.rows(0, 1).toFloats());
            assertThat(out.rows(3, 1).toFloats())
                    .containsExactly(table.rows(3, 1).toFloats());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldAddGradientsInTheOrderOfTokens(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor dOut = fixture.of(DType.F32, 1e8, 1, -1e8).reshape(3, 1);
            Tensor dTable = fixture.zeros(DType.F32, 2, 1);
            Embedding.weightGradient(fixture.compute(), dOut, fixture.ints(1, 1, 1), dTable);
            // (1e8 + 1) - 1e8 is 0 in f32; any other order gives 1.
            assertThat(dTable.toFloats()).containsExactly(0, 0);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldAddGradientsToWhatTheTableHolds(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int columns : new int[] {1, 63, 64, 65, 257}) {
                int rows = 150;
                Tensor dOut = fixture.random(dtype, rows, columns);
                Tensor tokens = fixture.randomIndices(7, rows);
                Tensor dTable = fixture.random(DType.F32, 7, columns);
                float[] expected = dTable.toFloats();
                for (int i = 0; i < rows * columns; i++) {
                    expected[tokens.getInt(i / columns) * columns + i % columns] += dOut.get(i);
                }
                Embedding.weightGradient(fixture.compute(), dOut, tokens, dTable);
                assertThat(dTable.toFloats()).containsExactly(expected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldLeaveRowsOfOtherRanksZero(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            // Rows 3 to 5 of a table of 8 are here.
            Tensor local = fixture.ints(0, 0, 0, 0);
            Embedding.localRows(fixture.ints(2, 3, 5, 6), 3, 3, 8, local);
            Tensor table = fixture.random(dtype, 3, 33);
            Tensor out = fixture.random(dtype, 4, 33);
            Embedding.forward(fixture.compute(), table, local, out);
            assertThat(out.rows(0, 1).toFloats()).containsOnly(0);
            assertThat(out.rows(1, 1).toFloats())
                    .containsExactly(table.rows(0, 1).toFloats());
            assertThat(out.rows(2, 1).toFloats())
                    .containsExactly(table.rows(2, 1).toFloats());
            assertThat(out.rows(3, 1).toFloats()).containsOnly(0);
            Tensor dTable = fixture.zeros(DType.F32, 3, 33);
            Embedding.weightGradient(fixture.compute(), out, local, dTable);
            assertThat(dTable.toFloats())
                    .as("each row here was looked up once, but for the second")
                    .containsExactly(expectedGradient(table));
        }
    }

    private static float[] expectedGradient(Tensor table) {
        float[] values = table.toFloats();
        Arrays.fill(values, 33, 66, 0);
        return values;
    }

    @Test
    void shouldRefuseTokensOutsideOfTheWholeTable() {
        try (Fixture fixture = new Fixture("scalar")) {
            Tensor local = fixture.ints(0, 0);
            assertThatThrownBy(() -> Embedding.localRows(fixture.ints(2, 8), 3, 3, 8, local))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("embedding.local_rows: token 8 at index 1 is outside of 0..7 (vocabulary size 8);"
                            + " the data was made with another tokenizer");
        }
    }
}
