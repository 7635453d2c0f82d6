package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * The plain formulas that the mixers are held against, with figures of flash-linear-attention 0.5.2: its naive recurrences and gates
 * in F32, between layers written with PyTorch 2.13. Five tokens {@code x[t, i] = cos(0.3 t + 0.9 i)}; element i of a parameter is
 * {@code sin(0.7 i + s) / 2}, s being its number below. Figures are the output of the last token.
 */
class DeltaRuleFiguresTest {
    private static final int DIM = MixerContract.DIM;
    private static final double TOLERANCE = 2e-6;

    private final Map<String, double[]> weights = new TreeMap<>();

    private DeltaRuleFiguresTest weight(String name, int number, int elements) {
        double[] values = new double[elements];
        Arrays.setAll(values, i -> Math.sin(0.7 * i + number) / 2);
        weights.put(name, values);
        return this;
    }

    /** Parameters of all delta rules. */
    private void declare(int keyHeads, int valueHeads, int keySize, int valueSize) {
        int keys = keyHeads * keySize;
        int values = valueHeads * valueSize;
        weight("q.weight", 1, keys * DIM).weight("k.weight", 2, keys * DIM).weight("v.weight", 3, values * DIM);
        weight("conv_q.weight", 4, keys * 4).weight("conv_k.weight", 5, keys * 4);
        weight("conv_v.weight", 6, values * 4).weight("beta.weight", 7, valueHeads * DIM);
        weight("norm.weight", 15, valueSize).weight("output.weight", 16, DIM * values);
    }

    private double[] last(MixerContract equation, MixerConfig config) {
        double[][] x = new double[5][DIM];
        for (int t = 0; t < x.length; t++) {
            int token = t;
            Arrays.setAll(x[t], i -> Math.cos(0.3 * token + 0.9 * i));
        }
        return equation.mix(config, x, weights)[4];
    }

    private static void assertClose(double[] actual, double... expected) {
        assertThat(actual).usingComparatorWithPrecision(TOLERANCE).containsExactly(expected);
    }

    @Test
    void shouldGiveTheFiguresOfDeltaNet() {
        declare(3, 3, 4, 4);
        DeltaNetConfig config = new DeltaNetConfig(
                3, Optional.empty(), Optional.empty(), Optional.of(4), false, false, Optional.empty());
        assertClose(
                last(new DeltaNetMixerTest(), config),
                -0.434838,
                -0.289723,
                0.735738,
                -0.474397,
                -0.243039,
                0.726813,
                -0.511812,
                -0.195257,
                0.714601,
                -0.546911,
                -0.146591,
                0.699157);
    }

    /** Two heads of keys, four of values, beta up to 2. */
    @Test
    void shouldGiveTheFiguresOfGatedDeltaNet() {
        declare(2, 4, 4, 3);
        weight("decay.weight", 8, 4 * DIM).weight("a_log", 10, 4).weight("dt_bias", 11, 4);
        weight("gate.weight", 12, 12 * DIM);
        GatedDeltaNetConfig config = new GatedDeltaNetConfig(
                2, Optional.of(4), 4, Optional.of(3), Optional.of(4), true, true, Optional.of(1e-4));
        assertClose(
                last(new GatedDeltaNetMixerTest(), config),
                0.315674,
                -0.558977,
                0.264867,
                0.283892,
                -0.559711,
                0.297411,
                0.250826,
                -0.557914,
                0.32861,
                0.216627,
                -0.553594,
                0.358323);
    }

    private double[] lastOfKimiDelta(Optional<Double> lowerBound) {
        declare(2, 4, 4, 3);
        weight("decay_in.weight", 8, 3 * DIM).weight("decay_out.weight", 9, 16 * 3);
        weight("a_log", 10, 4).weight("dt_bias", 11, 16);
        weight("gate_in.weight", 12, 3 * DIM).weight("gate_out.weight", 13, 12 * 3);
        weight("gate_out.bias", 14, 12);
        KimiDeltaConfig config = new KimiDeltaConfig(
                2, Optional.of(4), 4, Optional.of(3), Optional.of(4), false, lowerBound, Optional.of(1e-4));
        return last(new KimiDeltaMixerTest(), config);
    }

    @Test
    void shouldGiveTheFiguresOfKimiDelta() {
        assertClose(
                lastOfKimiDelta(Optional.empty()),
                0.054807,
                -0.049891,
                -0.002991,
                0.052997,
                -0.052051,
                0.001062,
                0.050948,
                -0.053975,
                0.005109,
                0.048669,
                -0.055656,
                0.009134);
    }

    @Test
    void shouldGiveTheFiguresOfKimiDeltaWithBoundedDecays() {
        assertClose(
                lastOfKimiDelta(Optional.of(-5.0)),
                0.068451,
                -0.05881,
                -0.007372,
                0.066467,
                -0.061659,
                -0.002429,
                0.064182,
                -0.064229,
                0.002524,
                0.061607,
                -0.066508,
                0.007467);
    }
}
