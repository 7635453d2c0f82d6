package dev.braid.models;

/** {@code S_t = Diag(e^log) S_{t-1} + k_t v_t^T}, {@code o_t = S_t^T q_t}, head by head and token by token. */
final class PlainRecurrence {
    private PlainRecurrence() {}

    /** The logarithm of a decay. */
    interface LogDecay {
        double of(int t, int head, int row);
    }

    /** q and k have heads of {@code keySize}, as many as {@code heads} or fewer, that neighbouring heads of v share. */
    static double[][] read(double[][] q, double[][] k, double[][] v, int heads, int keySize, LogDecay log) {
        int valueSize = v[0].length / heads;
        int shared = heads * keySize / k[0].length;
        double[][] o = new double[v.length][v[0].length];
        for (int head = 0; head < heads; head++) {
            double[][] state = new double[keySize][valueSize];
            int keys = head / shared * keySize;
            for (int t = 0; t < v.length; t++) {
                double[] factors = new double[keySize];
                for (int row = 0; row < keySize; row++) {
                    factors[row] = Math.exp(log.of(t, head, row));
                }
                PlainMath.decay(state, factors);
                PlainMath.write(
                        state,
                        PlainMath.columns(k[t], keys, keySize),
                        PlainMath.columns(v[t], head * valueSize, valueSize));
                double[] read = PlainMath.read(state, PlainMath.columns(q[t], keys, keySize));
                System.arraycopy(read, 0, o[t], head * valueSize, valueSize);
            }
        }
        return o;
    }

    /** {@code x * factor}. */
    static double[][] scaled(double[][] x, double factor) {
        return PlainMath.map(x, value -> value * factor);
    }
}
