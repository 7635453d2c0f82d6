package dev.braid.models;

import static dev.braid.models.PlainMath.linear;

import java.util.Map;

/** A mixture of SwiGLU experts, and the losses of its softmax router, in plain double loops. */
final class PlainMixture {
    private final MoeConfig config;
    private final Map<String, double[]> weights;

    /** @param weights by name: {@code experts.gate.weight} [expert][dim][hidden] and so on */
    PlainMixture(MoeConfig config, Map<String, double[]> weights) {
        this.config = config;
        this.weights = weights;
    }

    /** {@code softmax(x router^T)} for each token. */
    double[][] probabilities(double[][] x) {
        double[][] p = linear(x, weights.get("router.weight"));
        for (double[] row : p) {
            double sum = 0;
            for (int e = 0; e < row.length; e++) {
                row[e] = Math.exp(row[e]);
                sum += row[e];
            }
            for (int e = 0; e < row.length; e++) {
                row[e] /= sum;
            }
        }
        return p;
    }

    /** The most likely experts of each token, the likeliest first: [tokens * top_k]. */
    int[] choice(double[][] x) {
        double[][] p = probabilities(x);
        int[] chosen = new int[x.length * config.topK()];
        for (int t = 0; t < x.length; t++) {
            for (int k = 0; k < config.topK(); k++) {
                int best = 0;
                for (int e = 1; e < config.experts(); e++) {
                    if (p[t][e] > p[t][best]) {
                        best = e;
                    }
                }
                chosen[t * config.topK() + k] = best;
                p[t][best] = -1;
            }
        }
        return chosen;
    }

    /** What the experts of {@code chosen}, and the shared one, make of each token. */
    double[][] forward(double[][] x, int[] chosen) {
        SoftmaxRouterConfig router = (SoftmaxRouterConfig) config.router();
        double[][] p = probabilities(x);
        double[][] out = new double[x.length][x[0].length];
        for (int t = 0; t < x.length; t++) {
            double sum = 0;
            for (int k = 0; k < config.topK(); k++) {
                sum += p[t][chosen[t * config.topK() + k]];
            }
            for (int k = 0; k < config.topK(); k++) {
                int expert = chosen[t * config.topK() + k];
                double weight = p[t][expert] / (router.renormalise() ? sum : 1) * router.scale();
                add(out[t], expert(x[t], expert), weight);
            }
            if (config.shared().isPresent()) {
                addShared(out[t], x[t], config.shared().get());
            }
        }
        return out;
    }

    private static void add(double[] sum, double[] summand, double factor) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += factor * summand[i];
        }
    }

    private double[] expert(double[] x, int expert) {
        int hidden = config.hidden();
        int first = expert * x.length * hidden;
        double[] out = new double[x.length];
        for (int j = 0; j < hidden; j++) {
            double gate = 0;
            double up = 0;
            for (int i = 0; i < x.length; i++) {
                gate += x[i] * weights.get("experts.gate.weight")[first + i * hidden + j];
                up += x[i] * weights.get("experts.up.weight")[first + i * hidden + j];
            }
            for (int i = 0; i < x.length; i++) {
                out[i] += PlainMath.silu(gate) * up * weights.get("experts.down.weight")[first + i * hidden + j];
            }
        }
        return out;
    }

    private void addShared(double[] sum, double[] x, SharedExpertConfig expert) {
        double[][] rows = {x};
        double[][] hidden = PlainMath.multiply(
                PlainMath.map(linear(rows, weights.get("shared.gate.weight")), PlainMath::silu),
                linear(rows, weights.get("shared.up.weight")));
        double factor = expert.gated() ? PlainMath.sigmoid(linear(rows, weights.get("shared_gate.weight"))[0][0]) : 1;
        add(sum, linear(hidden, weights.get("shared.down.weight"))[0], factor);
    }

    /** {@code coefficient E sum_e f_e P_e}, over all tokens or the mean over runs of as many, and {@code z_loss mean logsumexp^2}. */
    double losses(double[][] x, int[] chosen, int runs) {
        double[][] p = probabilities(x);
        double[][] logits = linear(x, weights.get("router.weight"));
        int tokens = x.length / runs;
        double balance = 0;
        double z = 0;
        for (int run = 0; run < runs; run++) {
            for (int e = 0; e < config.experts(); e++) {
                double share = 0;
                double mean = 0;
                for (int t = run * tokens; t < (run + 1) * tokens; t++) {
                    mean += p[t][e] / tokens;
                    for (int k = 0; k < config.topK(); k++) {
                        share += chosen[t * config.topK() + k] == e ? 1.0 / (tokens * config.topK()) : 0;
                    }
                }
                balance += config.experts() * share * mean / runs;
            }
        }
        for (double[] row : logits) {
            double sum = 0;
            for (double logit : row) {
                sum += Math.exp(logit);
            }
            z += Math.log(sum) * Math.log(sum) / x.length;
        }
        boolean balanced = config.balance().loss() != BalanceKind.NONE;
        return (balanced ? config.balance().coefficient() * balance : 0)
                + config.balance().zLoss() * z;
    }
}
