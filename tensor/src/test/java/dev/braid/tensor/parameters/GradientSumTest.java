package dev.braid.tensor.parameters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A large number makes visible what was added to what: in f32, 2^24 + 1 is 2^24. */
class GradientSumTest {
    private static final float LARGE = 1 << 24;

    private Optional<Tensor> shown = Optional.empty();

    private void show(Tensor tensor) {
        shown = Optional.ofNullable(tensor);
    }

    private void add(GradientSum sum, float value) {
        if (shown.isEmpty()) {
            sum.need();
        }
        Tensor tensor = shown.orElseThrow();
        tensor.set(0, tensor.get(0) + value);
    }

    @Test
    void shouldAddUpAGroupByItself() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            Tensor total = compute.memory().zeros(Category.GRADIENTS, DType.F32, Shape.of(1));
            GradientSum sum = GradientSum.kept(compute, total, this::show);

            add(sum, LARGE);
            add(sum, 1);
            add(sum, 1);
            assertThat(sum.take().orElseThrow().get(0)).isEqualTo(LARGE);

            sum.begin();
            add(sum, LARGE);
            sum.nextGroup();
            add(sum, 1);
            add(sum, 1);
            assertThat(total.get(0)).isEqualTo(LARGE);
            assertThat(sum.take()).containsSame(total);
            assertThat(total.get(0)).isEqualTo(LARGE + 2);
            assertThat(compute.memory().live(Category.COMMUNICATION)).isZero();
        }
    }

    @Test
    void shouldAddThreeGroupsFromTheFirstOn() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            GradientSum sum = GradientSum.onNeed(compute, Shape.of(1), this::show);

            add(sum, LARGE);
            sum.nextGroup();
            add(sum, 1);
            sum.nextGroup();
            add(sum, 1);

            // (2^24 + 1) + 1, and not 2^24 + (1 + 1).
            Tensor taken = sum.take().orElseThrow();
            assertThat(taken.get(0)).isEqualTo(LARGE);
            taken.release();
        }
    }

    @Test
    void shouldBeThereFromTheFirstNeedUntilItIsTaken() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            GradientSum sum = GradientSum.onNeed(compute, Shape.of(16), this::show);
            assertThat(shown).isEmpty();
            assertThat(sum.take()).isEmpty();

            add(sum, 5);
            assertThat(compute.memory().live(Category.COMMUNICATION)).isEqualTo(64);
            sum.take().orElseThrow().release();
            assertThat(shown).isEmpty();
            assertThat(compute.memory().live(Category.COMMUNICATION)).isZero();

            add(sum, 7);
            assertThat(shown.orElseThrow().get(0)).isEqualTo(7);
        }
    }

    @Test
    void shouldForgetAStepThatWasGivenUp() {
        try (Compute compute = new Compute(1, "auto", "test")) {
            Tensor total = compute.memory().zeros(Category.GRADIENTS, DType.F32, Shape.of(1));
            GradientSum sum = GradientSum.kept(compute, total, this::show);
            add(sum, 3);
            sum.nextGroup();
            add(sum, 4);

            sum.begin();

            add(sum, 1);
            assertThat(sum.take().orElseThrow().get(0)).isEqualTo(1);
            assertThat(compute.memory().live(Category.COMMUNICATION)).isZero();
        }
    }
}
