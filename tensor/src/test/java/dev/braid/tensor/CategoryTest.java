package dev.braid.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** What memory is counted as. */
class CategoryTest {
    @Test
    void shouldCountABlockAsAnotherCategory() {
        try (Memory memory = new Memory()) {
            Tensor received = memory.allocate(Category.COMMUNICATION, DType.F32, Shape.of(16));
            Tensor view = received.rows(0, 8);
            received.countAs(Category.ACTIVATIONS);
            assertThat(view.category()).isEqualTo(Category.ACTIVATIONS);
            assertThat(memory.live(Category.COMMUNICATION)).isZero();
            assertThat(memory.peak(Category.COMMUNICATION)).isEqualTo(64);
            assertThat(memory.live(Category.ACTIVATIONS)).isEqualTo(64);
            assertThat(memory.peak(Category.ACTIVATIONS)).isEqualTo(64);
            assertThat(memory.live()).isEqualTo(64);
            received.release();
            assertThat(memory.live(Category.ACTIVATIONS)).isZero();
        }
    }

    @Test
    void shouldNotCountWhatWasReleased() {
        try (Memory memory = new Memory()) {
            Tensor tensor = memory.allocate(Category.ACTIVATIONS, DType.F32, Shape.of(16));
            tensor.release();
            assertThatThrownBy(() -> tensor.countAs(Category.COMMUNICATION))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("tensor was already released");
        }
    }
}
