package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a delta rule reads with before it erases. */
class DeltaEraseTest {
    private static final double TOLERANCE = 1e-3;

    @Test
    void shouldMultiplyTheKeyByWhatIsLeftAndByMinusBeta() {
        // One head, k = (1, 2), beta = 1/2, alpha = e^log = (1, e^-1): -(1/2, e^-1).
        try (GradientCheck check =
                new GradientCheck().input(0, 1, 1, 2).input(0, 1, 1, 1).input(0, 1, 1, 2)) {
            float[] out = check.value((tape, x) -> {
                x.get(0).value().setFloats(new float[] {1, 2});
                x.get(1).value().setFloats(new float[] {0.5f});
                x.get(2).value().setFloats(new float[] {0, -1});
                return DeltaErase.of(tape, x.get(0), x.get(1), Optional.of(x.get(2)), 2);
            });
            assertThat(out[0]).isEqualTo(-0.5f);
            assertThat(out[1]).isCloseTo((float) -Math.exp(-1), within(1e-6f));
        }
    }

    @Test
    void shouldDifferentiateWithoutDecay() {
        try (GradientCheck check = new GradientCheck().input(0, 1, 3, 6).input(0, 1, 3, 2)) {
            check.check(TOLERANCE, (tape, x) -> DeltaErase.of(tape, x.get(0), x.get(1), Optional.empty(), 3));
        }
    }

    @Test
    void shouldDifferentiateADecayForEachHeadWhoseKeysAreShared() {
        // Four heads, two of which have one key.
        try (GradientCheck check =
                new GradientCheck().input(0, 1, 3, 6).input(0, 1, 3, 4).input(-0.5, 0.3, 3, 4)) {
            check.check(TOLERANCE, (tape, x) -> DeltaErase.of(tape, x.get(0), x.get(1), Optional.of(x.get(2)), 3));
        }
    }

    @Test
    void shouldDifferentiateADecayForEachRow() {
        try (GradientCheck check =
                new GradientCheck().input(0, 1, 3, 3).input(0, 1, 3, 2).input(-0.5, 0.3, 3, 6)) {
            check.check(TOLERANCE, (tape, x) -> DeltaErase.of(tape, x.get(0), x.get(1), Optional.of(x.get(2)), 3));
        }
    }

    @Test
    void shouldTakeHeadsOfOneColumn() {
        try (GradientCheck check =
                new GradientCheck().input(0, 1, 3, 2).input(0, 1, 3, 2).input(-0.5, 0.3, 3, 2)) {
            check.check(TOLERANCE, (tape, x) -> DeltaErase.of(tape, x.get(0), x.get(1), Optional.of(x.get(2)), 1));
        }
    }
}
