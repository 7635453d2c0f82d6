package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class AdamWUpdateTest {
    /** Three steps of torch.optim.AdamW and optax.adamw, which agree: learning rate 0.01, betas 0.9 and 0.95, decay 0.1. */
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldAgreeWithTorchAndOptaxAfterThreeSteps(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor master = fixture.of(DType.F32, 1, -2, 0.5);
            Tensor m = fixture.zeros(DType.F32, 3);
            Tensor v = fixture.zeros(DType.F32, 3);
            for (int step = 1; step <= 3; step++) {
                Tensor gradient = fixture.of(DType.F32, 0.1 * step, -0.2 * step, 0.3 / step);
                AdamWScalars scalars = AdamWScalars.at(step, 0.01, 0.9, 0.95, 1e-8, 0.1, 1);
                AdamWUpdate.apply(fixture.compute(), master, gradient, m, v, null, scalars);
            }
            double[] expected = {.9680076137, -1.9650106117, .4702602167};
            for (int i = 0; i < 3; i++) {
                fixture.assertClose(master, i, expected[i], 4 * 0x1p-24 * Math.abs(expected[i]), "weights");
            }
        }
    }

    @Test
    void shouldMoveByTheLearningRateInTheFirstStep() {
        try (Fixture fixture = new Fixture("vector")) {
            // With epsilon 0 the first step is lr * sign(g), whatever the size of g.
            Tensor master = fixture.of(DType.F32, 1, 1, 1);
            Tensor gradient = fixture.of(DType.F32, 1000, -0.001, 4);
            Tensor m = fixture.zeros(DType.F32, 3);
            Tensor v = fixture.zeros(DType.F32, 3);
            AdamWScalars scalars = AdamWScalars.at(1, 0.25, 0.5, 0.75, 0, 0, 0.5);
            AdamWUpdate.apply(fixture.compute(), master, gradient, m, v, null, scalars);
            assertThat(master.get(0)).isEqualTo(0.75f);
            fixture.assertClose(master, 1, 1.25, 2e-7, "weight");
            // The gradient was halved first: m = 0.5 * 2, v = 0.25 * 4.
            assertThat(m.get(2)).isEqualTo(1f);
            assertThat(v.get(2)).isEqualTo(1f);
        }
    }

    @Test
    void shouldGiveTheSameBitsForBothKernelsAndAnyShard() {
        try (Fixture scalar = new Fixture("scalar");
                Fixture vector = new Fixture("vector")) {
            int count = 9_001;
            Tensor[] whole = state(scalar, count);
            Tensor[] cut = state(vector, count);
            AdamWScalars scalars = AdamWScalars.at(7, 3e-4, 0.9, 0.95, 1e-8, 0.1, 0.37);
            AdamWUpdate.apply(scalar.compute(), whole[0], whole[1], whole[2], whole[3], whole[4], scalars);
            int[] bounds = {0, 5, 4_242, 4_243, count};
            for (int part = 0; part < bounds.length - 1; part++) {
                Tensor[] shard = new Tensor[cut.length];
                for (int i = 0; i < cut.length; i++) {
                    shard[i] = cut[i].rows(bounds[part], bounds[part + 1] - bounds[part]);
                }
                AdamWUpdate.apply(vector.compute(), shard[0], shard[1], shard[2], shard[3], shard[4], scalars);
            }
            for (int i = 0; i < cut.length; i++) {
                assertThat(cut[i].toFloats()).containsExactly(whole[i].toFloats());
            }
        }
    }

    private static Tensor[] state(Fixture fixture, int count) {
        Tensor master = fixture.random(DType.F32, count);
        Tensor gradient = fixture.random(DType.F32, count);
        Tensor m = fixture.random(DType.F32, count);
        Tensor v = fixture.random(DType.F32, count);
        for (int i = 0; i < count; i++) {
            v.set(i, v.get(i) * v.get(i));
        }
        return new Tensor[] {master, gradient, m, v, fixture.zeros(DType.BF16, count)};
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldRefreshTheBf16Copy(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor[] state = state(fixture, 4_131);
            AdamWScalars scalars = AdamWScalars.at(1, 1e-2, 0.9, 0.95, 1e-8, 0.1, 1);
            AdamWUpdate.apply(fixture.compute(), state[0], state[1], state[2], state[3], state[4], scalars);
            for (int i = 0; i < 4_131; i++) {
                assertThat(state[4].get(i)).isEqualTo(DType.fromBf16(DType.toBf16(state[0].get(i))));
            }
        }
    }

    @Test
    void shouldRefuseStepZeroForItsBiasCorrectionIsZero() {
        assertThatThrownBy(() -> AdamWScalars.at(0, 1e-3, 0.9, 0.95, 1e-8, 0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("adamw: steps are counted from 1, not 0");
    }
}
