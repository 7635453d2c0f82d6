package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * The plain formula against DeepseekV3Attention of transformers 5.18 in double: model of 6, two heads, latent of 3, 2 columns without
 * positions and 4 with, values of 3, base 100; four tokens. Numbers are sines of their place, so that the test needs no file.
 */
class PlainLatentAttentionTest {
    private static final int DIM = 6;

    private static MlaConfig config(
            Optional<Integer> qRank, Optional<RopeScaling> scaling, boolean llama, boolean bias) {
        RopeConfig rope = new RopeConfig(100, 1, scaling);
        return new MlaConfig(2, qRank, 3, 2, 4, Optional.of(3), Optional.of(rope), !llama, bias, Optional.empty());
    }

    private static double[][] run(MlaConfig config) {
        Map<String, double[]> weights = new HashMap<>();
        int queryInputs = config.qRank().orElse(DIM);
        config.qRank().ifPresent(rank -> {
            weights.put("q_down.weight", sines(rank * DIM, 1));
            weights.put("q_norm.weight", sines(rank, 2));
            weights.put("q_down.bias", sines(rank, 8));
        });
        String queries = config.qRank().isPresent() ? "q_up.weight" : "q.weight";
        weights.put(queries, sines(12 * queryInputs, config.qRank().isPresent() ? 3 : 1));
        weights.put("kv_down.weight", sines(7 * DIM, 4));
        weights.put("kv_norm.weight", sines(3, 5));
        weights.put("kv_up.weight", sines(10 * 3, 6));
        weights.put("output.weight", sines(DIM * 6, 7));
        weights.put("kv_down.bias", sines(7, 9));
        weights.put("output.bias", sines(DIM, 10));
        double[][] x = new double[4][DIM];
        for (int i = 0; i < 4 * DIM; i++) {
            x[i / DIM][i % DIM] = Math.cos(0.3 * i);
        }
        return new PlainLatentAttention(config, 1e-6, weights).of(x, new int[] {0, 1, 2, 3});
    }

    private static double[] sines(int count, int from) {
        return IntStream.range(0, count)
                .mapToDouble(i -> Math.sin(0.7 * i + from))
                .toArray();
    }

    private static void assertRow(double[] actual, double... expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as(Arrays.toString(actual)).isCloseTo(expected[i], within(2e-6));
        }
    }

    @Test
    void shouldEqualTransformersWithCompressedQueriesAndBiases() {
        double[][] y = run(config(Optional.of(5), Optional.empty(), false, true));
        assertRow(y[1], -0.43369549, 0.27095942, -2.23333705, -0.38882810, 1.48588365, -0.48697562);
        assertRow(y[3], -0.07714187, -1.92953102, -0.43226218, 0.04566944, -0.74122547, 1.26225553);
    }

    @Test
    void shouldEqualTransformersWithoutInterleaving() {
        double[][] y = run(config(Optional.empty(), Optional.empty(), true, false));
        assertRow(y[1], -0.22840652, -0.36024880, 0.58163827, -0.21006011, -0.37566978, 0.57841246);
        assertRow(y[3], 0.28020902, 0.33491586, -0.60860127, 0.26183086, 0.35187045, -0.60684745);
    }

    @Test
    void shouldEqualTransformersWithYarn() {
        YarnRopeScaling yarn = new YarnRopeScaling(8, 16, 32, 1, Optional.of(0.7), Optional.of(1.0), Optional.empty());
        double[][] y = run(config(Optional.of(5), Optional.of(yarn), false, false));
        assertRow(y[1], 0.11981357, 1.18098108, -1.27779109, 0.07192071, 1.20727125, -1.25567631);
        assertRow(y[3], 0.43626192, -1.03673595, 0.58028012, 0.46775873, -1.03892768, 0.55093234);
    }
}
