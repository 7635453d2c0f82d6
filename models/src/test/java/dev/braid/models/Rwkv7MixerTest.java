package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The time mixing of RWKV-7 in the first layer, which has no values to look back to. */
class Rwkv7MixerTest extends MixerContract {
    @Override
    List<Case> cases() {
        // Four products with a state of 4 x 4 in 3 heads, or of 6 x 6 in 2 heads, of two operations an element.
        return List.of(
                new Case("3 heads", new Rwkv7Config(4, 3, 2, 2, 5, 1e-6), 3, 4 * 2 * 3 * 16),
                new Case("2 heads", new Rwkv7Config(6, 1, 4, 2, 3, 1e-2), 2, 4 * 2 * 2 * 36));
    }

    @Override
    double[][] mix(MixerConfig config, double[][] x, Map<String, double[]> weights) {
        return new PlainRwkv7((Rwkv7Config) config, weights, 1e-5)
                .timeMix(x, Optional.empty())
                .out();
    }

    @Test
    void shouldRefuseMoreRanksThanHeads() {
        ModelConfig model = LoneMixer.model(new Rwkv7Config(6, 1, 1, 1, 1, 1e-6), DIM);
        assertThatThrownBy(() -> new Architecture(model, 29, DType.F32, 3, 0))
                .hasMessage("layers.0.mixer.rwkv7: 2 heads can't be divided over 3 tensor ranks; allowed are 1 to 2");
    }

    @Test
    void shouldReportAllThatIsWrongWithAConfig() {
        List<String> faults = new ArrayList<>();
        new Rwkv7Config(5, 0, 1, -1, 1, 0)
                .validate(12, "mixers.rwkv", (key, problem, fix) -> faults.add(key + " " + problem));
        assertThat(faults)
                .containsExactly(
                        "mixers.rwkv.head_size is 5, must be 1 to 256 and divide model.dim 12",
                        "mixers.rwkv.decay_rank is 0, must be at least 1",
                        "mixers.rwkv.value_rank is -1, must be at least 1",
                        "mixers.rwkv.key_eps is 0.0, must be above 0");
    }
}
