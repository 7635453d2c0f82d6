package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.parameters.Layout;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Latent attention against keys and values written out, and its decoder against the pass that forms them. */
class LatentAttentionMixerTest extends MixerContract {
    private static final RopeConfig ROPE = new RopeConfig(100);
    private static final RopeConfig YARN = new RopeConfig(
            100,
            1,
            Optional.of(new YarnRopeScaling(8, 16, 32, 1, Optional.of(0.7), Optional.of(1.0), Optional.empty())));

    /** A token at the mean place of 64 sees 32.5 keys: 2 operations a column of its key and of its value, in each head. */
    private static final double SEEN = 32.5;

    @Override
    List<Case> cases() {
        return List.of(
                new Case(
                        "as DeepSeek-V3",
                        config(2, Optional.of(5), Optional.of(ROPE), true, false),
                        2,
                        2 * 2 * 10 * SEEN),
                new Case(
                        "as DeepSeek-V2-Lite, with biases",
                        config(3, Optional.empty(), Optional.of(YARN), true, true),
                        3,
                        2 * 3 * 10 * SEEN),
                new Case(
                        "halves turned, a rank with one head and a rank with two",
                        config(3, Optional.of(7), Optional.of(ROPE), false, true),
                        2,
                        2 * 3 * 10 * SEEN),
                new Case(
                        "no positions",
                        config(2, Optional.empty(), Optional.empty(), true, false),
                        2,
                        2 * 2 * 10 * SEEN));
    }

    /** Latents of 6, keys of 3 + 4 columns, values of 3. */
    private static MlaConfig config(
            int heads, Optional<Integer> qRank, Optional<RopeConfig> rope, boolean interleaved, boolean bias) {
        return new MlaConfig(heads, qRank, 6, 3, 4, Optional.empty(), rope, interleaved, bias, Optional.of(1e-3));
    }

    /** Queries and keys are rounded as latents, normalised, expanded and turned before their product meets an exponential. */
    @Override
    double halfTolerance() {
        return 5e-2;
    }

    @Override
    boolean crossesDocuments() {
        return true;
    }

    @Override
    boolean constantState() {
        return false;
    }

    @Override
    double[][] mix(MixerConfig config, double[][] x, Map<String, double[]> weights) {
        throw new UnsupportedOperationException("documents are read across");
    }

    @Override
    double[][] mix(MixerConfig config, double[][] x, int[] positions, Map<String, double[]> weights) {
        return new PlainLatentAttention((MlaConfig) config, 1e-3, weights).of(x, positions);
    }

    @Test
    void shouldDecodeAfterManyTokensAtOnceWhatItGivesAtOnce() {
        MlaConfig config = config(3, Optional.of(5), Optional.of(ROPE), true, true);
        try (Compute compute = new Compute(2, "auto", "test")) {
            LoneMixer lone = new LoneMixer(config, DIM, compute, DType.F32, Layout.SINGLE);
            float[] expected =
                    lone.train(new int[][] {{40}}, false, Optional.empty()).out();
            float[] actual = lone.decode(30, 1, 5, 4);
            for (int i = 0; i < expected.length; i++) {
                assertThat(actual[i]).as("[%d]", i).isCloseTo(expected[i], org.assertj.core.data.Offset.offset(1e-4f));
            }
        }
    }

    @Test
    void shouldKeepALatentAndAKeyOfATokenWhateverTheHeads() {
        // 6 + 4 numbers of 4 bytes for each of 48 tokens.
        assertThat(stateBytes(1)).isEqualTo(48 * 10 * 4);
        assertThat(stateBytes(64)).isEqualTo(48 * 10 * 4);
    }

    private static long stateBytes(int heads) {
        MlaConfig config = config(heads, Optional.empty(), Optional.of(ROPE), true, false);
        try (Compute compute = new Compute(1, "auto", "test")) {
            return new LoneMixer(config, DIM, compute, DType.F32, Layout.SINGLE).stateBytes(43, 5);
        }
    }
}
