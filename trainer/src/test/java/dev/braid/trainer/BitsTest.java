package dev.braid.trainer;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class BitsTest {
    private static void expect(String message, float[] actual, float... expected) {
        assertThatThrownBy(() -> Bits.assertSame("w", actual, expected))
                .isInstanceOf(AssertionError.class)
                .hasMessage(message);
    }

    private static float[] floats(float... values) {
        return values;
    }

    @Test
    void shouldTakeTheSameNumbers() {
        assertThatCode(() ->
                        Bits.assertSame(Map.of("w", floats(1, -0f, Float.NaN)), Map.of("w", floats(1, -0f, Float.NaN))))
                .doesNotThrowAnyException();
    }

    @Test
    void shouldNameTheFirstElementThatDiffers() {
        expect(
                "w[1] is 2.0 (40000000), expected 2.0000002 (40000001), ulps between them: 1; 2 of 3 elements differ",
                floats(1, 2, 3),
                1,
                Math.nextUp(2f),
                4);
    }

    @Test
    void shouldNotAllowWhatIsFarBelowTheSmallestDifferenceOfRecursiveComparison() {
        expect(
                "w[0] is 1.0E-10 (2edbe6ff), expected 0.0 (00000000), ulps between them: 786163455; 1 of 1 elements differ",
                floats(1e-10f),
                0);
    }

    @Test
    void shouldTellZerosAndNumbersThatAreNoneApart() {
        expect(
                "w[0] is -0.0 (80000000), expected 0.0 (00000000), ulps between them: 0; 1 of 1 elements differ",
                floats(-0f),
                0);
        expect(
                "w[0] is 0.0 (00000000), expected NaN (7fc00000), ulps between them: 2143289344; 1 of 1 elements differ",
                floats(0),
                Float.NaN);
        expect(
                "w[0] is -1.4E-45 (80000001), expected 1.4E-45 (00000001), ulps between them: 2; 1 of 1 elements differ",
                floats(-Float.MIN_VALUE),
                Float.MIN_VALUE);
    }

    @Test
    void shouldRefuseOtherNamesAndLengths() {
        expect("w has 1 elements, expected 2", floats(1), 1, 1);
        assertThatThrownBy(() -> Bits.assertSame(Map.of("v", floats(1)), Map.of("w", floats(1))))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("\"w\"");
    }
}
