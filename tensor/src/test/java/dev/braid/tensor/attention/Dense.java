package dev.braid.tensor.attention;

/** Attention in double by the dense formula, all scores of a row at once; operands are [row][head][column]. */
final class Dense {
    final double[][][] o;
    final double[][] lse;
    final double[][][] dq;
    final double[][][] dk;
    final double[][][] dv;

    /** Forward, and backward from the exact output and log-sum-exp. */
    Dense(AttentionSpec spec, double[][][] q, double[][][] k, double[][][] v, double[][][] dO) {
        int heads = q[0].length;
        int size = q[0][0].length;
        int valueSize = v[0][0].length;
        o = new double[q.length][heads][valueSize];
        lse = new double[q.length][heads];
        dq = new double[q.length][heads][size];
        dk = new double[k.length][k[0].length][size];
        dv = new double[k.length][k[0].length][valueSize];
        for (int row = 0; row < spec.batch() * spec.queries(); row++) {
            for (int head = 0; head < heads; head++) {
                row(spec, q, k, v, dO, row, head, head * k[0].length / heads);
            }
        }
    }

    private void row(
            AttentionSpec spec,
            double[][][] q,
            double[][][] k,
            double[][][] v,
            double[][][] dO,
            int row,
            int head,
            int kvHead) {
        int firstKey = row / spec.queries() * spec.keys();
        long position = spec.queryOffset() + row % spec.queries();
        double[] weights = new double[spec.keys()];
        double[] slopes = new double[spec.keys()];
        double sum = 0;
        for (int key = 0; key < spec.keys(); key++) {
            double score = spec.scale() * dot(q[row][head], k[firstKey + key][kvHead]);
            double tanh =
                    spec.options().capped() ? Math.tanh(score / spec.options().cap()) : 0;
            slopes[key] = 1 - tanh * tanh;
            score = spec.options().capped() ? spec.options().cap() * tanh : score;
            weights[key] = visible(spec, position, spec.keyOffset() + key) ? Math.exp(score) : 0;
            sum += weights[key];
        }
        lse[row][head] = Math.log(sum);
        for (int key = 0; key < spec.keys() && sum > 0; key++) {
            weights[key] /= sum;
            add(o[row][head], weights[key], v[firstKey + key][kvHead]);
        }
        double delta = dot(o[row][head], dO[row][head]);
        for (int key = 0; key < spec.keys(); key++) {
            double dp = dot(dO[row][head], v[firstKey + key][kvHead]);
            double ds = weights[key] * (dp - delta) * slopes[key] * spec.scale();
            add(dq[row][head], ds, k[firstKey + key][kvHead]);
            add(dk[firstKey + key][kvHead], ds, q[row][head]);
            add(dv[firstKey + key][kvHead], weights[key], dO[row][head]);
        }
    }

    private static boolean visible(AttentionSpec spec, long query, long key) {
        Window window = spec.options().window();
        return !spec.causal() || key <= query && (query - key < window.length() || key < window.sinks());
    }

    private static double dot(double[] left, double[] right) {
        double sum = 0;
        for (int i = 0; i < left.length; i++) {
            sum += left[i] * right[i];
        }
        return sum;
    }

    private static void add(double[] target, double factor, double[] values) {
        for (int i = 0; i < target.length; i++) {
            target[i] += factor * values[i];
        }
    }
}
