package dev.braid.tensor.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("widths")
final class VectorMathTest {
    @BeforeAll
    static void assumeThatTheCpuHasTheWidth() {
        Widths.assumeSupported();
    }

    private static float vectorExp(float value) {
        float[] lanes = new float[Species.LANES];
        VectorMath.exp(FloatVector.broadcast(Species.FLOAT, value)).intoArray(lanes, 0);
        return lanes[Species.LANES - 1];
    }

    @Test
    void shouldBeWithinOneAndAHalfUnitsInTheLastPlaceOfExp() {
        long seed = 5;
        Random random = new Random(seed);
        double worst = 0;
        for (int i = 0; i < 300_000; i++) {
            float x = -87f + 175.7f * random.nextFloat();
            double exact = Math.exp(x);
            worst = Math.max(worst, Math.abs(VectorMath.exp(x) - exact) / Math.ulp((float) exact));
        }
        assertThat(worst).as("seed %d", seed).isLessThan(1.5);
    }

    @Test
    void shouldGiveTheSameBitsAsVectorAndAsScalar() {
        long seed = 6;
        Random random = new Random(seed);
        for (int i = 0; i < 3_000; i++) {
            float x = -110f + 205f * random.nextFloat();
            assertThat(vectorExp(x)).as("exp(%s), seed %d", x, seed).isEqualTo(VectorMath.exp(x));
        }
    }

    @Test
    void shouldKeepTheEndsOfTheRange() {
        float[] ends = {
            0f, -0f, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, -1e30f, 1e30f, 88.722f, 88.73f, -87.3f, -103f
        };
        for (float x : ends) {
            double exact = Math.exp(x);
            assertThat((double) vectorExp(x)).as("exp(%s)", x).isBetween((double) Math.nextDown((float) exact), (double)
                    Math.nextUp((float) exact));
        }
        assertThat(vectorExp(0f)).isEqualTo(1f);
        assertThat(vectorExp(Float.NEGATIVE_INFINITY)).isEqualTo(0f);
        assertThat(vectorExp(89f)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(vectorExp(Float.NaN)).isNaN();
        assertThat(VectorMath.exp(Float.NaN)).isNaN();
    }

    @Test
    void shouldAddLanesByHalves() {
        FloatVector lanes = FloatVector.fromArray(
                Species.FLOAT, floats(IntStream.rangeClosed(1, Species.LANES).toArray()), 0);
        assertThat(VectorMath.sum(lanes)).isEqualTo(Species.LANES * (Species.LANES + 1) / 2f);
        // 1e8 and -1e8 meet in the first halving, whatever the width; in order of lanes the ones would be lost.
        float[] cancelling = new float[Species.LANES];
        cancelling[0] = 1e8f;
        cancelling[1] = 1;
        cancelling[Species.LANES / 2] = -1e8f;
        assertThat(VectorMath.sum(FloatVector.fromArray(Species.FLOAT, cancelling, 0)))
                .isEqualTo(1f);
    }

    private static float[] floats(int[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = values[i];
        }
        return result;
    }
}
