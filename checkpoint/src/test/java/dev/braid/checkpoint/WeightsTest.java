package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WeightsTest {
    private final Memory memory = new Memory();

    @AfterEach
    void free() {
        memory.close();
    }

    @Test
    void shouldLoadATensorLargerThanTheStagingBuffer() throws IOException {
        int count = Staging.MOST_BYTES / 4 + 5;
        Weights weights = Weights.of(Map.of("w", Samples.ascending(memory, 0, count)));
        Tensor target = memory.zeros(Category.PARAMETERS, DType.F32, Shape.of(count));
        weights.load("w", target);
        assertThat(target.get(count - 1)).isEqualTo(count - 1);
        assertThat(target.get(Staging.MOST_BYTES / 4)).isEqualTo(Staging.MOST_BYTES / 4);
    }

    @Test
    void shouldNameBothSidesOfAMismatch() {
        Weights weights = Weights.of(Map.of("w", Samples.ascending(memory, 0, 3)));
        Tensor half = memory.zeros(Category.PARAMETERS, DType.BF16, Shape.of(3));
        Tensor longer = memory.zeros(Category.PARAMETERS, DType.F32, Shape.of(4));
        assertThatThrownBy(() -> weights.load("w", half))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor \"w\" is F32[3] in the file, but the model has BF16[3] for it");
        assertThatThrownBy(() -> weights.load("w", longer)).hasMessageContaining("the model has F32[4] for it");
        assertThatThrownBy(() -> weights.shape("v")).hasMessage("there is no tensor \"v\" among [w]");
    }
}
