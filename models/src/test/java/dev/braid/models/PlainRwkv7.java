package dev.braid.models;

import static dev.braid.models.PlainMath.columns;
import static dev.braid.models.PlainMath.decay;
import static dev.braid.models.PlainMath.l2Norm;
import static dev.braid.models.PlainMath.linear;
import static dev.braid.models.PlainMath.map;
import static dev.braid.models.PlainMath.multiply;
import static dev.braid.models.PlainMath.plus;
import static dev.braid.models.PlainMath.read;
import static dev.braid.models.PlainMath.write;

import java.util.Map;
import java.util.Optional;

/** The equations of RWKV-7 in plain double loops. A matrix of values is {@code [token][column]}. */
final class PlainRwkv7 {
    /** What a layer gives, and its values, which those of the first layer leave for later ones. */
    record Mixed(double[][] out, double[][] values) {}

    private final Rwkv7Config config;
    private final Map<String, double[]> weights;
    private final double normEpsilon;

    /**
     * @param weights of the layer, by name: {@code r.weight}
     * @param normEpsilon of the model's norms
     */
    PlainRwkv7(Rwkv7Config config, Map<String, double[]> weights, double normEpsilon) {
        this.config = config;
        this.weights = weights;
        this.normEpsilon = normEpsilon;
    }

    /** {@code x[t] + (x[t - 1] - x[t]) mu}. */
    static double[][] shifted(double[][] x, double[] mu) {
        double[][] y = new double[x.length][mu.length];
        for (int t = 0; t < x.length; t++) {
            for (int c = 0; c < mu.length; c++) {
                double before = t == 0 ? 0 : x[t - 1][c];
                y[t][c] = x[t][c] + (before - x[t][c]) * mu[c];
            }
        }
        return y;
    }

    /** {@code value(max(key(shifted x), 0)^2)}. */
    static double[][] channelMix(double[][] x, Map<String, double[]> weights) {
        double[][] hidden = linear(shifted(x, weights.get("x_k")), weights.get("key.weight"));
        return linear(map(hidden, value -> Math.max(value, 0) * Math.max(value, 0)), weights.get("value.weight"));
    }

    /** @param first the values of the first layer; none in that layer */
    Mixed timeMix(double[][] x, Optional<double[][]> first) {
        double[][] r = linear(input(x, "x_r"), weights.get("r.weight"));
        double[][] k = linear(input(x, "x_k"), weights.get("k.weight"));
        double[][] v = linear(input(x, "x_v"), weights.get("v.weight"));
        if (first.isPresent()) {
            double[][] far = gate(lowRank(input(x, "x_v"), "value_mix", value -> value), "value_mix.bias");
            for (int t = 0; t < x.length; t++) {
                for (int c = 0; c < v[t].length; c++) {
                    v[t][c] += (first.get()[t][c] - v[t][c]) * far[t][c];
                }
            }
        }
        double[][] w = map(
                gate(lowRank(input(x, "x_w"), "decay", Math::tanh), "decay.bias"),
                value -> Math.exp(-Math.exp(-0.5) * value));
        double[][] a = gate(lowRank(input(x, "x_a"), "rate", value -> value), "rate.bias");
        double[][] g = lowRank(input(x, "x_g"), "gate", PlainMath::sigmoid);
        double[][] kappa = l2Norm(scaled(k, weights.get("k_k")), config.headSize(), config.keyEps());
        for (int t = 0; t < x.length; t++) {
            for (int c = 0; c < k[t].length; c++) {
                k[t][c] *= 1 + (a[t][c] - 1) * weights.get("k_a")[c];
            }
        }
        double[][] mixed = new double[x.length][v[0].length];
        for (int head = 0; head < v[0].length / config.headSize(); head++) {
            head(head * config.headSize(), r, w, k, v, a, kappa, mixed);
        }
        return new Mixed(linear(multiply(mixed, g), weights.get("output.weight")), v);
    }

    private double[][] input(double[][] x, String mu) {
        return shifted(x, weights.get(mu));
    }

    private double[][] lowRank(double[][] x, String name, PlainMath.Function function) {
        double[][] hidden = map(linear(x, weights.get(name + ".down.weight")), function);
        return linear(hidden, weights.get(name + ".up.weight"));
    }

    private double[][] gate(double[][] x, String bias) {
        return map(plus(x, weights.get(bias)), PlainMath::sigmoid);
    }

    private static double[][] scaled(double[][] x, double[] factors) {
        double[][] y = new double[x.length][factors.length];
        for (int t = 0; t < x.length; t++) {
            for (int c = 0; c < factors.length; c++) {
                y[t][c] = x[t][c] * factors[c];
            }
        }
        return y;
    }

    /** The recurrence of the head whose first column is {@code from}, its norm and its bonus. */
    private void head(
            int from,
            double[][] r,
            double[][] w,
            double[][] k,
            double[][] v,
            double[][] a,
            double[][] kappa,
            double[][] mixed) {
        int size = config.headSize();
        double[][] state = new double[size][size];
        for (int t = 0; t < r.length; t++) {
            double[] found = read(state, columns(kappa[t], from, size));
            double[] erased = new double[size];
            for (int i = 0; i < size; i++) {
                erased[i] = -kappa[t][from + i] * a[t][from + i];
            }
            decay(state, columns(w[t], from, size));
            write(state, erased, found);
            write(state, columns(k[t], from, size), columns(v[t], from, size));
            double[] o = normed(read(state, columns(r[t], from, size)), from);
            double own = 0;
            for (int i = 0; i < size; i++) {
                own += r[t][from + i] * k[t][from + i] * weights.get("r_k")[from + i];
            }
            for (int i = 0; i < size; i++) {
                mixed[t][from + i] = o[i] + own * v[t][from + i];
            }
        }
    }

    private double[] normed(double[] o, int from) {
        double mean = 0;
        for (double value : o) {
            mean += value / o.length;
        }
        double variance = 0;
        for (double value : o) {
            variance += (value - mean) * (value - mean) / o.length;
        }
        double[] y = new double[o.length];
        for (int i = 0; i < o.length; i++) {
            double unit = (o[i] - mean) / Math.sqrt(variance + o.length * normEpsilon);
            y[i] = unit * weights.get("norm.weight")[from + i] + weights.get("norm.bias")[from + i];
        }
        return y;
    }
}
