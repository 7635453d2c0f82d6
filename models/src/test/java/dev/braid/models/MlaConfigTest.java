package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.config.ConfigReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MlaConfigTest {
    /** The shape of DeepSeek-V3. */
    private static final String PUBLISHED = "heads: 128, q_rank: 1536, kv_rank: 512, nope_size: 128, rope_size: 64";

    private static MlaConfig parse(String settings) {
        ModelConfig model = ConfigReader.of(ModelConfig.class).parse("model.yaml", """
                dim: 7168
                layers: 1
                context: 16
                mixers: {mla: {type: mla, %s}}
                ffns: {mlp: {type: swiglu, hidden: 96}}
                pattern: [mla+mlp]
                """.formatted(settings), List.of());
        return (MlaConfig) model.mixers().get("mla");
    }

    private static List<String> faults(MlaConfig config) {
        List<String> faults = new ArrayList<>();
        config.validate(
                64,
                "mixers.mla",
                (key, problem, fix) -> faults.add(key + " " + problem + (fix.isEmpty() ? "" : "; " + fix)));
        return faults;
    }

    @Test
    void shouldTurnNeighboursAgainstEachOtherUnlessToldOtherwise() {
        MlaConfig config = parse(PUBLISHED);
        assertThat(config.interleaved()).isTrue();
        assertThat(config.valueColumns()).isEqualTo(128);
        assertThat(config.rope()).contains(new RopeConfig(10000));
        assertThat(config.options().scale()).isEqualTo((float) (1 / Math.sqrt(192)));
        assertThat(parse(PUBLISHED + ", rope: none, interleaved: false").rope()).isEmpty();
    }

    @Test
    void shouldScaleScoresByTheSquareOfYarnsMagnitude() {
        // transformers 5.18, yarn_apply_mscale with the rope_scaling of DeepSeek-V3: (0.1 ln 40 + 1)^2 / sqrt(192).
        MlaConfig config = parse(PUBLISHED + ", rope: {scaling: {type: yarn, factor: 40, original: 4096,"
                + " mscale: 1.0, mscale_all_dim: 1.0}}");
        assertThat((double) config.options().scale()).isCloseTo(0.13523377886, within(1e-8));
        // Without mscale_all_dim, scores stay as they are.
        MlaConfig other = parse(PUBLISHED + ", rope: {scaling: {type: yarn, factor: 40, original: 4096}}");
        assertThat(other.options().scale()).isEqualTo((float) (1 / Math.sqrt(192)));
    }

    @Test
    void shouldReportAllFaultsAtOnce() {
        RopeConfig rope = new RopeConfig(10000, 0.5, Optional.empty());
        assertThat(faults(new MlaConfig(
                        0, Optional.of(0), 0, 0, 0, Optional.of(0), Optional.of(rope), true, false, Optional.empty())))
                .containsExactly(
                        "mixers.mla.heads is 0, must be at least 1",
                        "mixers.mla.q_rank is 0, must be at least 1",
                        "mixers.mla.kv_rank is 0, must be at least 1",
                        "mixers.mla.nope_size is 0, must be at least 1",
                        "mixers.mla.rope_size is 0, must be at least 1",
                        "mixers.mla.value_size makes heads of size 0, allowed are 1 to 256");
        assertThat(faults(new MlaConfig(
                        2,
                        Optional.empty(),
                        1000,
                        230,
                        27,
                        Optional.empty(),
                        Optional.of(rope),
                        true,
                        false,
                        Optional.empty())))
                .containsExactly(
                        "mixers.mla.nope_size + rope_size makes heads of size 257, allowed are 1 to 256",
                        "mixers.mla.kv_rank is 1000 and makes, with rope_size 27, rows of 1027 for a decoder to keep, the"
                                + " widest are 1024; 512 and 64 are usual",
                        "mixers.mla.rope.fraction is 0.5, but rope_size says how many columns turn; remove it",
                        "mixers.mla.rope_size is 27, but columns turn in pairs; choose an even size");
    }

    @Test
    void shouldReportAStretchThatCannotBe() {
        List<String> faults = new ArrayList<>();
        new YarnRopeScaling(0.5, 0, 1, 1, Optional.of(0.0), Optional.of(-1.0), Optional.of(0.0))
                .validate((key, problem, fix) -> faults.add(key + " " + problem));
        assertThat(faults)
                .containsExactly(
                        "factor is 0.5, must be at least 1",
                        "original is 0, must be at least 1",
                        "beta_slow is 1.0 and beta_fast is 1.0, but they must be above 0 and beta_slow under beta_fast",
                        "mscale is 0.0, must be above 0",
                        "mscale_all_dim is -1.0, must be above 0",
                        "attention_factor is 0.0, must be above 0");
    }

    @Test
    void shouldSayWhichRanksCannotDivideTheHeads() {
        MlaConfig config = parse(PUBLISHED.replace("128, q_rank", "2, q_rank"));
        ModelConfig model = LoneMixer.model(config, 64);
        assertThat(config.tensorProblems(model, "mla", 2)).isEmpty();
        assertThat(config.tensorProblems(model, "mla", 3))
                .containsExactly(
                        "but mla can't be divided so: 2 heads in 2 groups can't be divided over 3 tensor ranks;"
                                + " allowed are up to as many ranks as groups, or a multiple of the groups that divides the"
                                + " heads");
    }

    @Test
    void shouldStretchByYarnAsTransformersDoes() {
        // transformers 5.18, ROPE_INIT_FUNCTIONS["yarn"], head size 16: three kept, three blended, two divided by 40.
        YarnRopeScaling deepseek =
                new YarnRopeScaling(40, 4096, 32, 1, Optional.of(1.0), Optional.of(1.0), Optional.empty());
        assertFrequencies(
                deepseek,
                1,
                0.3162277638912201,
                0.10000000149011612,
                0.023914724588394165,
                0.005124999675899744,
                0.0008498621755279601,
                2.499999936844688e-05,
                7.905694474175107e-06);
        assertThat(deepseek.magnitude()).isEqualTo(1);
        YarnRopeScaling plain =
                new YarnRopeScaling(4, 2048, 32, 1, Optional.empty(), Optional.empty(), Optional.empty());
        assertFrequencies(
                plain,
                1,
                0.3162277638912201,
                0.10000000149011612,
                0.025693506002426147,
                0.00624999962747097,
                0.0013834965648129582,
                0.0002500000118743628,
                7.905694656074047e-05);
        assertThat(plain.magnitude()).isCloseTo(1.138629436111989, within(1e-12));
    }

    private static void assertFrequencies(YarnRopeScaling scaling, double... expected) {
        float[] frequencies = new RopeConfig(10000, 1, Optional.of(scaling)).inverseFrequencies(16);
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) frequencies[i]).as("pair %d", i).isCloseTo(expected[i], within(1e-6 * expected[i]));
        }
    }
}
