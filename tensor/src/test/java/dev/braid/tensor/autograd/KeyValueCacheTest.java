package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.AttentionOptions;
import dev.braid.tensor.attention.Window;
import dev.braid.tensor.autograd.Operations.HeadLayout;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Decoding with a window: what is kept, and that nothing is missing. */
class KeyValueCacheTest {
    private static final HeadLayout LAYOUT = new HeadLayout(4, 2, 6);
    private static final int LENGTH = 60;

    private Compute compute;

    @BeforeEach
    void open() {
        compute = new Compute(2, "vector", "test");
    }

    @AfterEach
    void close() {
        compute.close();
    }

    @Test
    void shouldHaveRoomForSinksAndTwoWindows() {
        assertThat(KeyValueCache.capacity(100_000, new Window(512, 4))).isEqualTo(1028);
        assertThat(KeyValueCache.capacity(900, new Window(512, 4))).isEqualTo(900);
        assertThat(KeyValueCache.capacity(100_000, Window.ALL)).isEqualTo(100_000);
    }

    /** Tokens at once, window, sinks. */
    @ParameterizedTest
    @CsvSource({"1,5,0", "1,5,3", "1,1,0", "1,1,2", "7,5,3", "13,4,0", "60,5,3", "1,200,0", "9,200,4"})
    void shouldDecodeWhatOnePassGives(int pieces, int length, int sinks) {
        AttentionOptions options = new AttentionOptions(0.4f, 3, new Window(length, sinks));
        Tensor packed = random(LENGTH, LAYOUT.columns());
        try (Tape tape = Tape.inference(compute, DType.F32);
                KeyValueCache cache = new KeyValueCache(compute.memory(), DType.F32, 12, LENGTH, options.window())) {
            float[] expected = Operations.attention(tape, tape.leaf(packed, false), LAYOUT, 1, options)
                    .value()
                    .toFloats();
            for (int first = 0; first < LENGTH; first += pieces) {
                int rows = Math.min(pieces, LENGTH - first);
                Variable piece = tape.leaf(packed.rows(first, rows), false);
                float[] decoded = Operations.cachedAttention(tape, piece, LAYOUT, cache, options)
                        .value()
                        .toFloats();
                for (int i = 0; i < decoded.length; i++) {
                    assertThat(decoded[i])
                            .as("row %d element %d", first + i / 24, i % 24)
                            .isCloseTo(expected[first * 24 + i], org.assertj.core.data.Offset.offset(2e-6f));
                }
            }
        }
    }

    @Test
    void shouldRefuseRowsBeyondALengthThatNoWindowBounds() {
        Tensor packed = random(5, LAYOUT.columns());
        try (Tape tape = Tape.inference(compute, DType.F32);
                KeyValueCache cache = new KeyValueCache(compute.memory(), DType.F32, 12, 4, Window.ALL)) {
            assertThatThrownBy(() -> Operations.cachedAttention(
                            tape, tape.leaf(packed, false), LAYOUT, cache, AttentionOptions.of(6)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the cache is full with its 4 rows; make it for a longer sequence than 4 tokens");
        }
    }

    private Tensor random(int rows, int columns) {
        Tensor tensor = compute.memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(rows, columns));
        Random random = new Random(2);
        for (long i = 0; i < tensor.count(); i++) {
            tensor.set(i, (float) random.nextGaussian());
        }
        return tensor;
    }
}
