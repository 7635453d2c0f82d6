package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.ops.GroupNorm.Gating;
import dev.braid.tensor.parameters.Weight;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Norms on a tape: gradients reach inputs, gates and parameters. The kernels have tests of their own. */
class NormsTest {
    private static final float EPSILON = 1e-5f;

    private final GradientCheck check = new GradientCheck();

    /** Two heads of three columns that share their weight. */
    @ParameterizedTest
    @EnumSource(
            value = Gating.class,
            names = {"SILU_AFTER", "SIGMOID_AFTER", "SILU_BEFORE"})
    void shouldDifferentiateNormsWithGates(Gating gating) {
        try (check) {
            check.input(0, 1, 4, 6).input(0.5, 1, 4, 6);
            Weight weight = check.weight("weight", 3);
            check.check(
                    5e-3,
                    (tape, x) -> Norms.gatedRms(tape, x.get(0), x.get(1), gating, Optional.of(weight), 3, EPSILON));
        }
    }

    @Test
    void shouldDifferentiateRmsNormWithAWeightForEachColumn() {
        try (check) {
            check.input(0, 1, 4, 6);
            Weight weight = check.weight("weight", 6);
            check.check(5e-3, (tape, x) -> Norms.rms(tape, x.getFirst(), Optional.of(weight), 3, EPSILON));
        }
    }

    @Test
    void shouldDifferentiateLayerNormAndGroupNorm() {
        try (check) {
            check.input(0, 1, 4, 6);
            Weight weight = check.weight("weight", 6);
            Weight bias = check.weight("bias", 6);
            check.check(5e-3, (tape, x) -> Norms.layer(tape, x.getFirst(), weight, bias, EPSILON));
            check.check(5e-3, (tape, x) -> Norms.group(tape, x.getFirst(), weight, bias, 3, EPSILON));
        }
    }

    /** (3, 4) has the length 5. */
    @Test
    void shouldDivideHeadsByTheirLength() {
        try (check) {
            check.input(0, 1, 2, 6);
            check.check(5e-3, (tape, x) -> Norms.unitLength(tape, x.getFirst(), 3, 1e-6f));
            check.check(5e-3, (tape, x) -> Norms.unitLength(tape, x.getFirst(), 3, 1e-6f, 2));
            float[] out = check.value((tape, x) -> {
                x.getFirst().value().setFloats(new float[] {3, 4, 0, -3, 4, 0, 0, 0, 2, 1, 0, 0});
                return Norms.unitLength(tape, x.getFirst(), 3, 0);
            });
            assertThat(out).containsExactly(0.6f, 0.8f, 0, -0.6f, 0.8f, 0, 0, 0, 1, 1, 0, 0);
        }
    }

    @Test
    void shouldGiveHeadsALength() {
        try (check) {
            check.input(0, 1, 1, 4);
            float[] out = check.value((tape, x) -> {
                x.getFirst().value().setFloats(new float[] {3, 4, 0, 7});
                return Norms.unitLength(tape, x.getFirst(), 2, 0, 0.5f);
            });
            assertThat(out).containsExactly(0.3f, 0.4f, 0, 0.5f);
        }
    }

    @Test
    void shouldDifferentiateRmsNormWithAnOffsetOfItsWeight() {
        try (check) {
            check.input(0, 1, 4, 6);
            Weight weight = check.weight("weight", 6);
            check.check(5e-3, (tape, x) -> Operations.rmsNorm(tape, x.getFirst(), weight, 1, EPSILON));
        }
    }
}
