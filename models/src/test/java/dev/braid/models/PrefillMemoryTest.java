package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What taking in a prompt needs at a time. */
class PrefillMemoryTest {
    private static final int TOKENS = 128;

    private static long needed(int layers) {
        ModelConfig config = new ModelConfig(
                64,
                layers,
                TOKENS,
                true,
                Map.of("rec", new Hgrn2Config(2, Optional.empty(), Optional.empty(), true, Optional.empty(), 1e-5)),
                Map.of("mlp", new SwiGluConfig(64)),
                List.of("rec+mlp"),
                Optional.empty(),
                1e-5,
                0.02);
        try (Compute compute = new Compute(1, "auto", "test")) {
            Decoder decoder = new Decoder(config, 16, compute, DType.F32);
            decoder.initialize(1);
            try (DecodeState state = decoder.newState(TOKENS)) {
                long before = compute.memory().live();
                decoder.step(state, new int[TOKENS]);
                return compute.memory().peak() - before;
            }
        }
    }

    @Test
    void shouldNotKeepWhatALayerHasMadeForItself() {
        // A layer makes some 25 matrices of 128 x 64, its result is one.
        long few = needed(2);
        assertThat(needed(10) - few).isLessThan(8 * 3 * 4L * TOKENS * 64);
    }
}
