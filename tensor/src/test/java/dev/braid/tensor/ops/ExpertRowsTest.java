package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.routing.Assignment;
import dev.braid.tensor.routing.Selection;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Rows on their way to experts and back. */
@Tag("widths")
final class ExpertRowsTest {
    private static final int NONE = Selection.NONE;
    private static final int TOKENS = 37;
    private static final int SLOTS = 3;
    private static final int EXPERTS = 5;

    private static Assignment assignment(Fixture fixture, int slots, int experts, int... selected) {
        Tensor tensor = fixture.zeros(DType.I32, selected.length / slots, slots);
        tensor.setInts(selected);
        return Assignment.of(
                fixture.compute(),
                tensor,
                experts,
                0,
                (dtype, shape) -> fixture.compute().memory().zeros(Category.ACTIVATIONS, dtype, shape));
    }

    /** Tokens take none to three experts each; expert 3 gets none. */
    private static Assignment someTokens(Fixture fixture) {
        int[] selected = new int[TOKENS * SLOTS];
        for (int slot = 0; slot < selected.length; slot++) {
            int expert = (slot * 7 + slot / SLOTS) % (EXPERTS + 1) - 1;
            selected[slot] = expert == 3 ? NONE : expert;
        }
        return assignment(fixture, SLOTS, EXPERTS, selected);
    }

    /** Two tokens, the first at experts 1 and 0, the second at expert 1. */
    @Test
    void shouldCopyATokenToEachOfItsExpertsAndFillUpWithZeros() {
        try (Fixture fixture = new Fixture("scalar")) {
            Assignment assignment = assignment(fixture, 2, 2, 1, 0, 1, NONE);
            Tensor x = fixture.zeros(DType.F32, 2, 2);
            x.setFloats(new float[] {1, 2, 3, 4});
            Tensor out = fixture.random(DType.F32, 32, 2);
            ExpertRows.gather(fixture.compute(), assignment, x, out);
            float[] expected = new float[64];
            expected[0] = 1;
            expected[1] = 2;
            expected[32] = 1;
            expected[33] = 2;
            expected[34] = 3;
            expected[35] = 4;
            assertThat(out.toFloats()).containsExactly(expected);
        }
    }

    @Test
    void shouldAddUpWhatTheExpertsOfATokenGaveAndTheBase() {
        try (Fixture fixture = new Fixture("scalar")) {
            Assignment assignment = assignment(fixture, 2, 2, 1, 0, NONE, NONE);
            Tensor rows = fixture.zeros(DType.F32, 32, 1);
            rows.set(0, 10);
            rows.set(16, 200);
            Tensor base = fixture.zeros(DType.F32, 2, 1);
            base.setFloats(new float[] {1, 2});
            Tensor out = fixture.zeros(DType.F32, 2, 1);
            ExpertRows.sum(fixture.compute(), assignment, rows, base, out);
            assertThat(out.toFloats()).containsExactly(211, 2);
            ExpertRows.sum(fixture.compute(), assignment, rows, null, out);
            assertThat(out.toFloats()).containsExactly(210, 0);
        }
    }

    /** 256 + 1 + 1 is 258 in f32; rounded to bf16 after each sum it would stay at 256. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldRoundASumOfBf16Once(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Assignment assignment = assignment(fixture, 2, 2, 0, 1);
            Tensor rows = fixture.zeros(DType.BF16, 32, 1);
            rows.set(0, 1);
            rows.set(16, 1);
            Tensor base = fixture.of(DType.BF16, 256);
            Tensor out = fixture.zeros(DType.BF16, 1, 1);
            Tensor matrix = fixture.zeros(DType.BF16, 1, 1);
            matrix.copyFrom(base);
            ExpertRows.sum(fixture.compute(), assignment, rows, matrix, out);
            assertThat(out.get(0)).isEqualTo(258);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernelsAndDtypes")
    void shouldGatherAndAddUpRowsOfAnyWidth(String kernels, DType dtype) {
        for (int columns : Fixture.ODD_SIZES) {
            try (Fixture fixture = new Fixture(kernels)) {
                Assignment assignment = someTokens(fixture);
                int height = assignment.groups().rows();
                Tensor x = fixture.random(dtype, TOKENS, columns);
                Tensor rows = fixture.random(dtype, height, columns);
                ExpertRows.gather(fixture.compute(), assignment, x, rows);
                expectGathered(assignment, x, rows, columns);
                Tensor made = fixture.random(dtype, height, columns);
                Tensor base = fixture.random(dtype, TOKENS, columns);
                Tensor out = fixture.random(dtype, TOKENS, columns);
                ExpertRows.sum(fixture.compute(), assignment, made, base, out);
                expectSums(assignment, made, base, out, columns);
                ExpertRows.sum(fixture.compute(), assignment, made, base, base);
                assertThat(base.toFloats()).as("in place").containsExactly(out.toFloats());
            }
        }
    }

    private static void expectGathered(Assignment assignment, Tensor x, Tensor rows, int columns) {
        for (int row = 0; row < assignment.groups().rows(); row++) {
            int slot = assignment.slotOfRow().getInt(row);
            for (int column = 0; column < columns; column++) {
                float expected = slot < 0 ? 0 : x.get((long) (slot / SLOTS) * columns + column);
                assertThat(rows.get((long) row * columns + column))
                        .as("row %d, column %d", row, column)
                        .isEqualTo(expected);
            }
        }
    }

    private static void expectSums(Assignment assignment, Tensor made, Tensor base, Tensor out, int columns) {
        float[] expected = base.toFloats();
        for (int slot = 0; slot < TOKENS * SLOTS; slot++) {
            int row = assignment.rowOfSlot().getInt(slot);
            for (int column = 0; row >= 0 && column < columns; column++) {
                expected[slot / SLOTS * columns + column] += made.get((long) row * columns + column);
            }
        }
        // Sums are f32 and rounded once.
        for (int i = 0; i < expected.length; i++) {
            assertThat(out.get(i)).as("element %d", i).isEqualTo(rounded(expected[i], out.dtype()));
        }
    }

    private static float rounded(float value, DType dtype) {
        if (dtype == DType.F32) {
            return value;
        }
        int bits = Float.floatToRawIntBits(value);
        return Float.intBitsToFloat(bits + 0x7FFF + (bits >>> 16 & 1) & 0xFFFF_0000);
    }

    /** With weights 0.1, 0.2, 0.3 for the slots of two tokens, the second of which takes one expert. */
    @Test
    void shouldTakeWeightsToTheirRowsAndBack() {
        try (Fixture fixture = new Fixture("scalar")) {
            Assignment assignment = assignment(fixture, 2, 2, 1, 0, 1, NONE);
            Tensor weights = fixture.zeros(DType.F32, 2, 2);
            weights.setFloats(new float[] {0.1f, 0.2f, 0.3f, 9});
            Tensor rows = fixture.random(DType.F32, 32, 1);
            ExpertRows.slots(assignment, weights, rows);
            float[] expected = new float[32];
            expected[0] = 0.2f;
            expected[16] = 0.1f;
            expected[17] = 0.3f;
            assertThat(rows.toFloats()).containsExactly(expected);
            Tensor back = fixture.random(DType.F32, 2, 2);
            ExpertRows.rows(assignment, rows, back);
            assertThat(back.toFloats()).containsExactly(0.1f, 0.2f, 0.3f, 0);
        }
    }

    @Test
    void shouldDoNothingWithoutRows() {
        try (Fixture fixture = new Fixture("vector")) {
            Assignment assignment = assignment(fixture, 1, 3, NONE, NONE);
            Tensor x = fixture.random(DType.F32, 2, 5);
            Tensor rows = fixture.zeros(DType.F32, 0, 5);
            ExpertRows.gather(fixture.compute(), assignment, x, rows);
            Tensor out = fixture.random(DType.F32, 2, 5);
            ExpertRows.sum(fixture.compute(), assignment, rows, x, out);
            assertThat(out.toFloats()).containsExactly(x.toFloats());
        }
    }

    @Test
    void shouldRefuseTensorsThatDoNotFit() {
        try (Fixture fixture = new Fixture("vector")) {
            Assignment assignment = assignment(fixture, 1, 2, 0, 1);
            Tensor x = fixture.random(DType.F32, 2, 5);
            Tensor few = fixture.zeros(DType.F32, 16, 5);
            assertThatThrownBy(() -> ExpertRows.gather(fixture.compute(), assignment, x, few))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("experts.gather")
                    .hasMessageContaining("out");
            Tensor bf16 = fixture.zeros(DType.BF16, 32, 5);
            assertThatThrownBy(() -> ExpertRows.sum(fixture.compute(), assignment, bf16, x, x))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("experts.sum");
        }
    }
}
