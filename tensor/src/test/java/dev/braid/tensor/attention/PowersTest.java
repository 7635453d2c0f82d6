package dev.braid.tensor.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("widths")
class PowersTest {
    private static final int COUNT = 64;

    /** {@code 2^(values - base)} by the vector kernel. */
    private static float[] powers(float base, float... values) {
        try (Compute compute = new Compute(1, "vector", "test")) {
            Tensor tile = compute.memory().zeros(Category.WORKSPACE, DType.F32, Shape.of(COUNT + 1));
            for (int i = 0; i < values.length; i++) {
                tile.set(i, values[i]);
            }
            tile.set(COUNT, base);
            Powers.replace(tile.address(), 4 * COUNT, 1, COUNT, tile.address() + 4 * COUNT);
            float[] results = new float[values.length];
            for (int i = 0; i < results.length; i++) {
                results[i] = tile.get(i);
            }
            return results;
        }
    }

    @Test
    void shouldBeExactAtIntegers() {
        assertThat(powers(1, 1, 0, -1, 11, -124)).containsExactly(1, 0.5f, 0.25f, 1024, 0x1p-125f);
    }

    @Test
    void shouldLieWithinTwoUnitsInTheLastPlaceInBetween() {
        for (int from = 0; from < 9000; from += COUNT) {
            float[] values = new float[COUNT];
            for (int i = 0; i < COUNT; i++) {
                values[i] = (from + i) * 0.0149f - 124.9f;
            }
            float[] results = powers(0, values);
            for (int i = 0; i < COUNT; i++) {
                double exact = Math.pow(2, values[i]);
                assertThat((double) results[i]).as("2^%s", values[i]).isCloseTo(exact, offset(exact * 0x1p-22));
                assertThat(results[i]).as("2^%s", values[i]).isEqualTo(Powers.of(values[i]));
            }
        }
    }

    @Test
    void shouldGiveExactlyNothingForMaskedScores() {
        assertThat(powers(0, Float.NEGATIVE_INFINITY, -126, -1e30f)).containsExactly(0, 0, 0);
        assertThat(powers(Softmax.NONE, Float.NEGATIVE_INFINITY)).containsExactly(0);
        assertThat(Powers.of(Float.NEGATIVE_INFINITY)).isZero();
    }

    @Test
    void shouldKeepNotANumber() {
        assertThat(powers(0, Float.NaN)).containsExactly(Float.NaN);
    }
}
