package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Every rule of the settings of mixers with a delta rule, with its message. */
class DeltaRuleConfigTest {
    private static final int DIM = 12;

    private static List<String> faults(MixerConfig config) {
        List<String> faults = new ArrayList<>();
        config.validate(DIM, "mixers.rec", (key, problem, fix) -> faults.add(key + " " + problem));
        return faults;
    }

    private static GatedDeltaNetConfig gated(int heads, int valueHeads, int keySize, int conv, double epsilon) {
        return new GatedDeltaNetConfig(
                heads,
                Optional.of(valueHeads),
                keySize,
                Optional.empty(),
                Optional.of(conv),
                true,
                false,
                Optional.of(epsilon));
    }

    private static DeltaNetConfig plain(int heads, Optional<Integer> keySize) {
        return new DeltaNetConfig(heads, keySize, Optional.empty(), Optional.empty(), false, false, Optional.empty());
    }

    @Test
    void shouldReportAllNumbersThatCannotBeAtOnce() {
        assertThat(faults(gated(2, 3, 300, 9, 0)))
                .containsExactly(
                        "mixers.rec.value_heads is 3, which is no multiple of heads 2",
                        "mixers.rec.key_size makes heads of size 300, allowed are 1 to 256",
                        "mixers.rec.conv is 9, must be from 2 to 8",
                        "mixers.rec.norm_eps is 0.0, must be above 0");
        assertThat(faults(gated(0, 0, 4, 4, 1e-6))).containsExactly("mixers.rec.heads is 0, must be at least 1");
    }

    @Test
    void shouldReportHeadsThatDoNotDivideTheWidthUnlessTheirSizeIsGiven() {
        assertThat(faults(plain(5, Optional.empty())))
                .containsExactly("mixers.rec.heads is 5, which does not divide model.dim 12");
        assertThat(faults(plain(5, Optional.of(4)))).isEmpty();
    }

    @Test
    void shouldReportALowerBoundThatIsNotBelowZero() {
        KimiDeltaConfig config = new KimiDeltaConfig(
                2, Optional.empty(), 4, Optional.empty(), Optional.empty(), false, Optional.of(0.0), Optional.empty());
        assertThat(faults(config)).containsExactly("mixers.rec.lower_bound is 0.0, must be below 0");
    }

    @Test
    void shouldRefuseRanksThatSplitTheValuesOfAKey() {
        // Two heads of keys, each with three of values: four ranks would hold two copies of each and halve the three.
        GatedDeltaNetConfig config = gated(2, 6, 4, 4, 1e-6);
        Construction construction = new Construction(LoneMixer.model(config, DIM), DType.F32, 4, 0);
        construction.parameters().unit("layers.0");
        assertThatThrownBy(() -> config.build(construction, "layers.0.mixer."))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "6 heads in 2 groups can't be divided over 4 tensor ranks; allowed are up to as many ranks as"
                                + " groups, or a multiple of the groups that divides the heads");
    }
}
