package dev.braid.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What is given back is handed out again. */
class MemoryReuseTest {
    private static long reservedFor(Category category, int... sizes) {
        try (Memory memory = new Memory()) {
            for (int size : sizes) {
                memory.allocate(category, DType.I8, Shape.of(size)).release();
            }
            return memory.reserved();
        }
    }

    /** Rows of experts: 8,192 and up to 240 more that fill up, of 1,408 bytes. From step to step there are others. */
    @Test
    void shouldTakeNothingMoreForActivationsOfNearlyTheSameSize() {
        int[] sizes = new int[16];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = (8_192 + 16 * i) * 1_408;
        }
        // 11.5 MB, in steps of half a MiB: two kinds of blocks.
        assertThat(reservedFor(Category.ACTIVATIONS, sizes)).isEqualTo(23_592_960);
    }

    @Test
    void shouldCountWhatWasAskedFor() {
        try (Memory memory = new Memory()) {
            Tensor tensor = memory.allocate(Category.ACTIVATIONS, DType.I8, Shape.of(1_000_000));
            assertThat(memory.live(Category.ACTIVATIONS)).isEqualTo(1_000_000);
            assertThat(memory.reserved()).isEqualTo(1_015_808);
            tensor.release();
            assertThat(memory.live()).isZero();
        }
    }

    /** Their sizes never change: nothing is to spare. */
    @Test
    void shouldTakeExactlyWhatWeightsAndTheirLikeNeed() {
        assertThat(reservedFor(Category.PARAMETERS, 1_000_000)).isEqualTo(1_000_000);
        assertThat(reservedFor(Category.GRADIENTS, 1_000_000)).isEqualTo(1_000_000);
        assertThat(reservedFor(Category.OPTIMIZER, 1_000_000)).isEqualTo(1_000_000);
    }

    @Test
    void shouldTakeExactlyWhatSmallValuesNeed() {
        assertThat(reservedFor(Category.ACTIVATIONS, 64, 128, 64)).isEqualTo(192);
    }
}
