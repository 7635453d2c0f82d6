package dev.braid.tensor.ops;

import static dev.braid.tensor.ops.Fixture.F32_ROUNDOFF;
import static dev.braid.tensor.ops.Fixture.doubles;
import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class RopeTest {
    @Test
    void shouldComputeAnglesAsTransformersDoes() {
        // Frequencies 1 and 0.01 for a head of 4, rounded to f32 before they are multiplied by the position.
        RopeTable table = new RopeTable(4, 10_000, 1_001);
        assertThat(table.cosine(0, 1)).isEqualTo(1f);
        assertThat(table.cosine(1, 0)).isEqualTo(0.5403023f);
        assertThat(table.sine(1, 0)).isEqualTo(0.84147096f);
        assertThat(table.cosine(1000, 1)).isEqualTo((float) Math.cos(1000 * 0.01f));
        assertThat(table.sine(3, 1)).isEqualTo((float) Math.sin(3 * 0.01f));
    }

    @Test
    void shouldPairValuesHalfAHeadApart() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor x = fixture.of(DType.F32, 1, 0, 0, 2, 9, 9).reshape(1, 6);
            RopeTable table = new RopeTable(4, 10_000, 8);
            Rope.apply(fixture.compute(), x, table, fixture.ints(1), 4, 1, false);
            // (1, 0) turns by 1 radian and (0, 2) by a hundredth; the last two values are no part of the head.
            assertThat(x.get(0)).isEqualTo(0.5403023f);
            assertThat(x.get(2)).isEqualTo(0.84147096f);
            assertThat(x.get(1)).isEqualTo(-2 * (float) Math.sin(0.01f));
            assertThat(x.get(3)).isEqualTo(2 * (float) Math.cos(0.01f));
            assertThat(x.get(4)).isEqualTo(9f);
            assertThat(x.get(5)).isEqualTo(9f);
        }
    }

    @Test
    void shouldLeaveTheRestOfAHeadThatIsRotatedInPart() {
        try (Fixture fixture = new Fixture("vector")) {
            // Two of four values turn: the first by the cosine of 1 radian, the second by its sine.
            Tensor x = fixture.of(DType.F32, 1, 0, 3, 4, 0, 1, 5, 6).reshape(1, 8);
            Rope.apply(fixture.compute(), x, new RopeTable(2, 10_000, 8), fixture.ints(1), 4, 2, false);
            assertThat(x.toFloats()).containsExactly(0.5403023f, 0.84147096f, 3, 4, -0.84147096f, 0.5403023f, 5, 6);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldRotateTheFirstHeadsOfEachRow(String kernels, DType dtype) {
        rotateRows(kernels, dtype, 1);
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldRotateTheFirstValuesOfEachHead(String kernels, DType dtype) {
        rotateRows(kernels, dtype, 2);
    }

    /** @param parts of a head, of which the first is rotated */
    private static void rotateRows(String kernels, DType dtype, int parts) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int rotated : new int[] {2, 6, 24, 34, 64, 80}) {
                int size = parts * rotated;
                int rows = 21;
                int columns = 4 * size;
                RopeTable table = new RopeTable(rotated, 500_000, 300);
                Tensor x = fixture.random(dtype, rows, columns);
                double[] before = doubles(x);
                Tensor positions = fixture.randomIndices(300, rows);
                Rope.apply(fixture.compute(), x, table, positions, size, 3, false);
                for (int row = 0; row < rows; row++) {
                    for (int j = 0; j < columns; j++) {
                        double expected = rotated(before, row * columns, j, size, table, positions.getInt(row));
                        double bound = 4 * F32_ROUNDOFF * 8;
                        fixture.assertClose(x, row * columns + j, expected, bound, "head size " + size);
                    }
                }
            }
        }
    }

    private static double rotated(double[] row, int start, int column, int size, RopeTable table, int position) {
        int half = table.rotated() / 2;
        if (column >= 3 * size || column % size >= 2 * half) {
            return row[start + column];
        }
        int pair = column % size % half;
        int low = start + column / size * size + pair;
        int high = low + half;
        boolean first = column % size < half;
        double c = table.cosine(position, pair);
        double s = table.sine(position, pair);
        return first ? row[low] * c - row[high] * s : row[high] * c + row[low] * s;
    }

    @Test
    void shouldPairNeighboursWhereInterleaved() {
        try (Fixture fixture = new Fixture("vector")) {
            // (1, 0) turns by 1 radian and (0, 2) by a hundredth; the first value lies before the place.
            Tensor x = fixture.of(DType.F32, 9, 1, 0, 0, 2).reshape(1, 5);
            Rope.Place place = new Rope.Place(1, 4, 1, true);
            Rope.apply(fixture.compute(), x, new RopeTable(4, 10_000, 8), fixture.ints(1), place, false);
            assertThat(x.toFloats())
                    .containsExactly(
                            9, 0.5403023f, 0.84147096f, -2 * (float) Math.sin(0.01f), 2 * (float) Math.cos(0.01f));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldRotateTheLastValuesOfEachHead(String kernels, DType dtype) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (boolean interleaved : new boolean[] {true, false}) {
                for (int rotated : new int[] {2, 6, 24, 34, 64, 80}) {
                    rotateLast(fixture, dtype, rotated, interleaved);
                }
            }
        }
    }

    /** Three heads of five values that stay and {@code rotated} that turn, and one column behind them. */
    private static void rotateLast(Fixture fixture, DType dtype, int rotated, boolean interleaved) {
        int size = 5 + rotated;
        int columns = 3 * size + 1;
        RopeTable table = new RopeTable(rotated, 500_000, 300);
        Tensor x = fixture.random(dtype, 21, columns);
        double[] before = doubles(x);
        Tensor positions = fixture.randomIndices(300, 21);
        Rope.Place place = new Rope.Place(5, size, 3, interleaved);
        Rope.apply(fixture.compute(), x, table, positions, place, false);
        int half = rotated / 2;
        for (int i = 0; i < before.length; i++) {
            int column = i % columns;
            int turning = column % size - 5;
            double expected = before[i];
            if (column < 3 * size && turning >= 0) {
                int pair = interleaved ? turning / 2 : turning % half;
                boolean first = interleaved ? turning % 2 == 0 : turning < half;
                double other = before[(first ? 1 : -1) * (interleaved ? 1 : half) + i];
                int position = positions.getInt(i / columns);
                double sine = table.sine(position, pair) * (first ? -1 : 1);
                expected = before[i] * table.cosine(position, pair) + other * sine;
            }
            fixture.assertClose(x, i, expected, 4 * F32_ROUNDOFF * 8, rotated + " interleaved " + interleaved);
        }
        Rope.apply(fixture.compute(), x, table, positions, place, true);
        for (int i = 0; i < before.length; i++) {
            fixture.assertClose(x, i, before[i], dtype == DType.F32 ? 1e-5 : 0.05, "turned back");
        }
    }

    @Test
    void shouldStretchByTheFactorOfTheTable() {
        RopeTable table = new RopeTable(new float[] {1}, 2, 1.5f);
        assertThat(table.cosine(1, 0)).isEqualTo(1.5f * 0.5403023f);
        assertThat(table.sine(1, 0)).isEqualTo(1.5f * 0.84147096f);
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldRotateBackAsTheTransposedMatrix(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            RopeTable table = new RopeTable(38, 10_000, 50);
            Tensor positions = fixture.ints(0, 49, 7);
            Tensor x = fixture.random(DType.F32, 3, 76);
            Tensor gradient = fixture.random(DType.F32, 3, 76);
            double[] xs = doubles(x);
            double[] gradients = doubles(gradient);
            Rope.apply(fixture.compute(), x, table, positions, 38, 2, false);
            Rope.apply(fixture.compute(), gradient, table, positions, 38, 2, true);
            // <g, R x> = <R^T g, x>: what a gradient has to be.
            assertThat(FiniteDifferences.dot(gradients, doubles(x)))
                    .isCloseTo(FiniteDifferences.dot(doubles(gradient), xs), org.assertj.core.data.Offset.offset(1e-5));
        }
    }
}
