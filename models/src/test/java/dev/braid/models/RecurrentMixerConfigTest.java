package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.config.ConfigException;
import dev.braid.config.ConfigReader;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.Test;

/** The settings of mixers without a delta rule: what is filled in, and every rule with its message. */
class RecurrentMixerConfigTest {
    private static MixerConfig parse(String mixer) {
        ModelConfig model = ConfigReader.of(ModelConfig.class).parse("model.yaml", """
                dim: 48
                layers: 2
                context: 16
                mixers: {m: {%s}}
                ffns: {}
                pattern: [m]
                """.formatted(mixer), List.of());
        return model.mixers().get("m");
    }

    /** As a person reads them, without the place. */
    private static List<String> faults(String mixer) {
        Throwable thrown = ThrowableAssert.catchThrowable(() -> parse(mixer));
        assertThat(thrown).as("faults of %s", mixer).isInstanceOf(ConfigException.class);
        return ((ConfigException) thrown)
                .faults().stream()
                        .map(fault -> fault.key().replace("mixers.m.", "") + " " + fault.problem()
                                + (fault.fix().isEmpty() ? "" : "; " + fault.fix()))
                        .toList();
    }

    @Test
    void shouldFillInThePublishedShapes() {
        assertThat(parse("type: mamba2, heads: 6"))
                .isEqualTo(new Mamba2Config(
                        6,
                        Optional.empty(),
                        128,
                        1,
                        4,
                        true,
                        false,
                        false,
                        Mamba2Config.GatedNorm.GATE_FIRST,
                        1,
                        0,
                        Optional.empty(),
                        Optional.empty()));
        assertThat(((Mamba2Config) parse("type: mamba2, heads: 6")).headSize(48))
                .isEqualTo(16);
        assertThat(((RetNetConfig) parse("type: retnet, heads: 4")).sizes(48)).isEqualTo(new HeadSizes(4, 12, 24));
        assertThat(((GlaConfig) parse("type: gla, heads: 4")).sizes(48)).isEqualTo(new HeadSizes(4, 6, 12));
        assertThat(((LightningConfig) parse("type: lightning, heads: 4")).sizes(48))
                .isEqualTo(new HeadSizes(4, 12, 12));
        assertThat(((Hgrn2Config) parse("type: hgrn2, heads: 3")).sizes(48)).isEqualTo(new HeadSizes(3, 16, 16));
        assertThat(((LinearAttentionConfig) parse("type: linear_attention, heads: 3")).sizes(48))
                .isEqualTo(new HeadSizes(3, 16, 16));
    }

    @Test
    void shouldReadFactorsByName() {
        Mamba2Config config = (Mamba2Config) parse("type: mamba2, heads: 6, factors: {z: 0.5, dt: 2}");
        assertThat(config.factors().orElseThrow().values()).containsExactly(0.5, 1, 1, 1, 2);
    }

    @Test
    void shouldReportEveryFaultOfMamba2() {
        assertThat(faults("type: mamba2, heads: 5, state_size: 257, groups: 2, norm_groups: 3, conv: 9, norm: none,"
                        + " min_step: 1, max_step: 0.5"))
                .containsExactlyInAnyOrder(
                        "heads is 5, which does not divide twice model.dim, 96; choose a divisor, or give head_size",
                        "state_size makes heads of size 257, allowed are 1 to 256",
                        "groups is 2, which does not divide heads 5",
                        "norm_groups is 3, which does not divide heads 5",
                        "conv is 9, must be from 2 to 8; 4 is usual",
                        "norm_groups is 3, but norm is none; remove it",
                        "max_step makes the limits 1.0 to 0.5, the first must be at least 0 and below the second");
        assertThat(faults("type: mamba2, heads: 0")).containsExactly("heads is 0, must be at least 1");
        assertThat(faults("type: mamba2, heads: 4, groups: 0, head_size: 300"))
                .containsExactlyInAnyOrder(
                        "groups is 0, must be at least 1", "head_size makes heads of size 300, allowed are 1 to 256");
    }

    @Test
    void shouldReportHeadsThatDoNotDivideTheWidth() {
        String divisor = "heads is 5, which does not divide model.dim 48; choose a divisor, or give the size of a head";
        assertThat(faults("type: retnet, heads: 5")).containsExactly(divisor);
        assertThat(faults("type: lightning, heads: 5")).containsExactly(divisor);
        assertThat(faults("type: hgrn2, heads: 5")).containsExactly(divisor);
        assertThat(faults("type: linear_attention, heads: 5")).containsExactly(divisor);
        assertThat(faults("type: gla, heads: 16"))
                .containsExactly("heads is 16, twice of which does not divide model.dim 48; choose another number, or"
                        + " give key_size");
    }

    @Test
    void shouldReportWhatRotationsAndNormalisersNeed() {
        assertThat(faults("type: retnet, heads: 4, key_size: 7"))
                .containsExactly("key_size is 7, but rotary positions need an even size; choose an even key_size, or"
                        + " rope: none");
        assertThat(parse("type: retnet, heads: 4, key_size: 7, rope: none")).isNotNull();
        assertThat(faults("type: linear_attention, heads: 4, feature_map: relu"))
                .containsExactly(
                        "normalise divides by a sum that may be zero with feature_map relu; use elu_plus_one, or"
                                + " normalise: false with norm: true");
    }

    @Test
    void shouldReportNumbersThatMakeNoDecay() {
        assertThat(faults("type: gla, heads: 4, decay_rank: 0, decay_divisor: 0, conv: 1"))
                .containsExactlyInAnyOrder(
                        "decay_rank is 0, must be at least 1",
                        "decay_divisor is 0.0, must be above 0; 16 is usual",
                        "conv is 1, must be from 2 to 8; 4 is usual");
        assertThat(faults("type: hgrn2, heads: 4, norm_eps: 0, value_size: 0, key_size: 300"))
                .containsExactlyInAnyOrder(
                        "norm_eps is 0.0, must be above 0; 1.0e-5 is usual",
                        "value_size is 0, must be at least 1",
                        "key_size makes heads of size 300, allowed are 1 to 256");
    }
}
