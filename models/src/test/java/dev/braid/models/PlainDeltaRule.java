package dev.braid.models;

import static dev.braid.models.PlainMath.columns;
import static dev.braid.models.PlainMath.convolution;
import static dev.braid.models.PlainMath.l2Norm;
import static dev.braid.models.PlainMath.linear;
import static dev.braid.models.PlainMath.map;

import java.util.Map;

/**
 * The delta rule in plain double loops, token by token: the state decays, gives what it holds for the key, and is corrected towards
 * the value by beta of the difference.
 */
record PlainDeltaRule(int keyHeads, int valueHeads, int keySize, int valueSize, double largestBeta) {
    /** The decay of each row of a head's state at a token. */
    interface Decay {
        double[] of(int token, int head);
    }

    /** What the queries read of one document {@code [token][head and column]}. */
    double[][] read(double[][] x, Map<String, double[]> weights, Decay decay) {
        double[][] q = l2Norm(activated(x, weights, "q"), keySize, 1e-6);
        double[][] k = l2Norm(activated(x, weights, "k"), keySize, 1e-6);
        double[][] v = activated(x, weights, "v");
        double[][] beta = map(linear(x, weights.get("beta.weight")), z -> largestBeta * PlainMath.sigmoid(z));
        double[][] o = new double[x.length][valueHeads * valueSize];
        for (int h = 0; h < valueHeads; h++) {
            int group = h / (valueHeads / keyHeads) * keySize;
            double[][] state = new double[keySize][valueSize];
            for (int t = 0; t < x.length; t++) {
                double[] key = columns(k[t], group, keySize);
                PlainMath.decay(state, decay.of(t, h));
                double[] held = PlainMath.read(state, key);
                double[] correction = new double[valueSize];
                for (int j = 0; j < valueSize; j++) {
                    correction[j] = beta[t][h] * (v[t][h * valueSize + j] - held[j]);
                }
                PlainMath.write(state, key, correction);
                double[] read = PlainMath.read(state, columns(q[t], group, keySize));
                for (int j = 0; j < valueSize; j++) {
                    o[t][h * valueSize + j] = read[j] / Math.sqrt(keySize);
                }
            }
        }
        return o;
    }

    private static double[][] activated(double[][] x, Map<String, double[]> weights, String name) {
        double[][] projected = linear(x, weights.get(name + ".weight"));
        double[] filter = weights.get("conv_" + name + ".weight");
        return map(filter == null ? projected : convolution(projected, filter), PlainMath::silu);
    }
}
