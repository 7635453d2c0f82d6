package dev.braid.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class SignedBytesTest {
    @Test
    void shouldTruncateAndStayInRange() {
        try (Memory memory = new Memory()) {
            Tensor tensor = memory.zeros(Category.WORKSPACE, DType.I8, Shape.of(5));
            tensor.setFloats(new float[] {1.9f, -1.9f, 127f, 300f, -300f});
            assertThat(tensor.toFloats()).containsExactly(1f, -1f, 127f, 127f, -128f);
        }
    }

    @Test
    void shouldTakeOneByteEach() {
        try (Memory memory = new Memory()) {
            Tensor tensor = memory.zeros(Category.WORKSPACE, DType.I8, Shape.of(3, 2));
            tensor.rows(1, 1).set(1, -7);
            assertThat(tensor.bytes()).isEqualTo(6);
            assertThat(tensor.get(3)).isEqualTo(-7f);
        }
    }
}
