package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * The plain formula that RWKV-7's mixer is held against, itself against figures of flash-linear-attention 0.5.2: its class
 * RWKV7Attention in double precision with the naive recurrence, hidden_size 8, head_dim 4, ranks 2, 3 (gate), 2 and 2.
 */
class PlainRwkv7Test {
    private static final int DIM = 8;
    private static final Rwkv7Config CONFIG = new Rwkv7Config(4, 2, 2, 2, 3, 1e-6);

    /** Parameters in the order in which they are numbered for their values, with their counts. */
    private static final List<Map.Entry<String, Integer>> SIZES = List.of(
            Map.entry("x_r", DIM),
            Map.entry("x_w", DIM),
            Map.entry("x_k", DIM),
            Map.entry("x_v", DIM),
            Map.entry("x_a", DIM),
            Map.entry("x_g", DIM),
            Map.entry("k_k", DIM),
            Map.entry("k_a", DIM),
            Map.entry("r_k", DIM),
            Map.entry("r.weight", DIM * DIM),
            Map.entry("k.weight", DIM * DIM),
            Map.entry("v.weight", DIM * DIM),
            Map.entry("output.weight", DIM * DIM),
            Map.entry("decay.down.weight", 2 * DIM),
            Map.entry("decay.up.weight", DIM * 2),
            Map.entry("decay.bias", DIM),
            Map.entry("rate.down.weight", 2 * DIM),
            Map.entry("rate.up.weight", DIM * 2),
            Map.entry("rate.bias", DIM),
            Map.entry("gate.down.weight", 3 * DIM),
            Map.entry("gate.up.weight", DIM * 3),
            Map.entry("norm.weight", DIM),
            Map.entry("norm.bias", DIM),
            Map.entry("value_mix.down.weight", 2 * DIM),
            Map.entry("value_mix.up.weight", DIM * 2),
            Map.entry("value_mix.bias", DIM));

    @Test
    void shouldGiveTheFiguresOfFlashLinearAttentionInTheFirstLayer() {
        double[][] out = new PlainRwkv7(CONFIG, weights(), 1e-5)
                .timeMix(x(), Optional.empty())
                .out();
        assertRow(
                out[0],
                -2.657556826636565,
                -15.393942544653775,
                -21.220476320124728,
                -17.521812174593368,
                -5.958162984435255,
                8.279916355931654,
                18.801404189594336,
                20.88353875912641);
        assertRow(
                out[1],
                -32.812029546601494,
                -36.27843448086436,
                -23.460602271654814,
                -0.11205074152663741,
                23.286796808075223,
                36.23294078981535,
                32.91526830125117,
                14.822977163105435);
        assertRow(
                out[4],
                1.1894708919409993,
                8.225939528493837,
                11.570045142035935,
                9.720724921479004,
                3.5080799849305073,
                -4.279230650685086,
                -10.145730542823783,
                -11.458134192461522);
    }

    @Test
    void shouldGiveTheFiguresOfFlashLinearAttentionInALaterLayer() {
        double[][] first = rows(i -> Math.sin(0.2 * i));
        double[][] out = new PlainRwkv7(CONFIG, weights(), 1e-5)
                .timeMix(x(), Optional.of(first))
                .out();
        assertRow(
                out[0],
                12.030541889528468,
                -6.355995839156979,
                -21.889528883134922,
                -27.597547557691186,
                -20.9179035494832,
                -4.848876928204209,
                13.396656560261725,
                25.628856356723166);
        assertRow(
                out[1],
                -35.31471378114255,
                -32.69447438279397,
                -15.398723713102314,
                8.809025013816251,
                29.06268216042077,
                36.27102422940531,
                27.198455381469973,
                5.917363654697832);
        assertRow(
                out[4],
                -6.312706959344462,
                -11.74271541259979,
                -11.901791830793123,
                -6.7185318615905665,
                1.4804636997258918,
                9.014926121351538,
                12.502874494296044,
                10.378679560792714);
    }

    private static void assertRow(double[] row, double... expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(row[i]).as("column %d", i).isCloseTo(expected[i], within(1e-9));
        }
    }

    private static double[][] x() {
        return rows(i -> Math.cos(0.3 * i));
    }

    private static double[][] rows(PlainMath.Function function) {
        double[][] rows = new double[5][DIM];
        for (int i = 0; i < 5 * DIM; i++) {
            rows[i / DIM][i % DIM] = function.of(i);
        }
        return rows;
    }

    private static Map<String, double[]> weights() {
        Map<String, double[]> weights = new HashMap<>();
        for (int number = 0; number < SIZES.size(); number++) {
            double[] values = new double[SIZES.get(number).getValue()];
            for (int i = 0; i < values.length; i++) {
                values[i] = Math.sin(0.7 * i + number);
            }
            weights.put(SIZES.get(number).getKey(), values);
        }
        return weights;
    }
}
