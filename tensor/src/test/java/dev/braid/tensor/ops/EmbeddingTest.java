package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.Tag;
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
}
