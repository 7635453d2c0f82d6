package dev.braid.models;

import static dev.braid.models.PlainMath.columns;
import static dev.braid.models.PlainMath.linear;
import static dev.braid.models.PlainMath.plus;
import static dev.braid.models.PlainMath.rmsNorm;

import java.util.Map;
import java.util.Optional;

/**
 * Latent attention with every key and value written out: DeepSeek-AI 2024, arXiv 2405.04434, equations 9 to 14 and 37 to 47, in
 * plain double loops.
 */
record PlainLatentAttention(MlaConfig config, double epsilon, Map<String, double[]> weights) {
    /** A row for each token of {@code x}; {@code positions} of each turn its queries and keys. */
    double[][] of(double[][] x, int[] positions) {
        int rank = config.kvRank();
        int key = config.keyColumns();
        double[][] queries =
                linear(queryInput(x), weights.get(config.qRank().isPresent() ? "q_up.weight" : "q.weight"));
        double[][] down = biased(linear(x, weights.get("kv_down.weight")), "kv_down.bias");
        double[][] latents = new double[x.length][];
        double[][] turned = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            latents[t] = columns(down[t], 0, rank);
            turned[t] = turn(columns(down[t], rank, config.ropeSize()), positions[t]);
            for (int h = 0; h < config.heads(); h++) {
                double[] query = columns(queries[t], h * key + config.nopeSize(), config.ropeSize());
                System.arraycopy(
                        turn(query, positions[t]), 0, queries[t], h * key + config.nopeSize(), config.ropeSize());
            }
        }
        double[][] expanded =
                linear(rmsNorm(latents, rank, weights.get("kv_norm.weight"), epsilon), weights.get("kv_up.weight"));
        double[][] read = new double[x.length][config.heads() * config.valueColumns()];
        for (int t = 0; t < x.length; t++) {
            for (int h = 0; h < config.heads(); h++) {
                attend(queries[t], expanded, turned, t, h, read[t]);
            }
        }
        return biased(linear(read, weights.get("output.weight")), "output.bias");
    }

    private double[][] queryInput(double[][] x) {
        Optional<Integer> rank = config.qRank();
        return rank.isEmpty()
                ? x
                : rmsNorm(
                        biased(linear(x, weights.get("q_down.weight")), "q_down.bias"),
                        rank.get(),
                        weights.get("q_norm.weight"),
                        epsilon);
    }

    private double[][] biased(double[][] x, String name) {
        return config.bias() ? plus(x, weights.get(name)) : x;
    }

    private void attend(double[] queries, double[][] expanded, double[][] turned, int t, int h, double[] read) {
        int nope = config.nopeSize();
        int value = config.valueColumns();
        int first = h * (nope + value);
        double[] shares = new double[t + 1];
        double sum = 0;
        for (int s = 0; s <= t; s++) {
            double score = 0;
            for (int i = 0; i < nope; i++) {
                score += queries[h * config.keyColumns() + i] * expanded[s][first + i];
            }
            for (int i = 0; i < config.ropeSize(); i++) {
                score += queries[h * config.keyColumns() + nope + i] * turned[s][i];
            }
            shares[s] = Math.exp(score * config.options().scale());
            sum += shares[s];
        }
        for (int s = 0; s <= t; s++) {
            for (int i = 0; i < value; i++) {
                read[h * value + i] += shares[s] / sum * expanded[s][first + nope + i];
            }
        }
    }

    private double[] turn(double[] x, int position) {
        if (config.rope().isEmpty()) {
            return x;
        }
        RopeConfig rope = config.rope().get();
        float[] frequencies = rope.inverseFrequencies(x.length);
        double magnitude = rope.scaling().map(RopeScaling::magnitude).orElse(1.0);
        double[] y = new double[x.length];
        int half = x.length / 2;
        for (int i = 0; i < half; i++) {
            int a = config.interleaved() ? 2 * i : i;
            int b = config.interleaved() ? 2 * i + 1 : half + i;
            double angle = position * (double) frequencies[i];
            y[a] = magnitude * (x[a] * Math.cos(angle) - x[b] * Math.sin(angle));
            y[b] = magnitude * (x[b] * Math.cos(angle) + x[a] * Math.sin(angle));
        }
        return y;
    }
}
