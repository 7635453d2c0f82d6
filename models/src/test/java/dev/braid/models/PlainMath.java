package dev.braid.models;

import java.util.Arrays;

/** Formulas in plain double loops, for references that tests hold mixers against. A matrix of values is {@code [token][column]}. */
final class PlainMath {
    private PlainMath() {}

    /** {@code x W^T}; {@code weight} [outputs, columns of x], row by row. */
    static double[][] linear(double[][] x, double[] weight) {
        int inputs = x[0].length;
        double[][] y = new double[x.length][weight.length / inputs];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < y[t].length; o++) {
                for (int i = 0; i < inputs; i++) {
                    y[t][o] += x[t][i] * weight[o * inputs + i];
                }
            }
        }
        return y;
    }

    /** {@code x + bias} for each token. */
    static double[][] plus(double[][] x, double[] bias) {
        double[][] y = new double[x.length][bias.length];
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < bias.length; i++) {
                y[t][i] = x[t][i] + bias[i];
            }
        }
        return y;
    }

    /** Each column over time: {@code y[t] = sum_j w[c, j] x[t - width + 1 + j]}, zero before the first token. */
    static double[][] convolution(double[][] x, double[] weight) {
        int columns = x[0].length;
        int width = weight.length / columns;
        double[][] y = new double[x.length][columns];
        for (int t = 0; t < x.length; t++) {
            for (int c = 0; c < columns; c++) {
                for (int j = Math.max(0, width - 1 - t); j < width; j++) {
                    y[t][c] += weight[c * width + j] * x[t - width + 1 + j][c];
                }
            }
        }
        return y;
    }

    /** A function of each number. */
    interface Function {
        double of(double x);
    }

    /** {@code f(x)}. */
    static double[][] map(double[][] x, Function function) {
        double[][] y = new double[x.length][x[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < x[t].length; i++) {
                y[t][i] = function.of(x[t][i]);
            }
        }
        return y;
    }

    /** {@code a * b}, element by element. */
    static double[][] multiply(double[][] a, double[][] b) {
        double[][] y = new double[a.length][a[0].length];
        for (int t = 0; t < a.length; t++) {
            for (int i = 0; i < a[t].length; i++) {
                y[t][i] = a[t][i] * b[t][i];
            }
        }
        return y;
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    static double silu(double x) {
        return x * sigmoid(x);
    }

    static double softplus(double x) {
        return Math.log1p(Math.exp(x));
    }

    /** Each group of {@code size} columns divided by its length, {@code sqrt(sum of squares + epsilon)}. */
    static double[][] l2Norm(double[][] x, int size, double epsilon) {
        double[][] y = new double[x.length][x[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int first = 0; first < x[t].length; first += size) {
                double inverse = 1 / Math.sqrt(squares(x[t], first, size) + epsilon);
                for (int i = first; i < first + size; i++) {
                    y[t][i] = x[t][i] * inverse;
                }
            }
        }
        return y;
    }

    /** Each group of {@code size} columns divided by the root of its mean square; {@code weight} [size] or of the whole width. */
    static double[][] rmsNorm(double[][] x, int size, double[] weight, double epsilon) {
        double[][] y = new double[x.length][x[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int first = 0; first < x[t].length; first += size) {
                double inverse = 1 / Math.sqrt(squares(x[t], first, size) / size + epsilon);
                for (int i = first; i < first + size; i++) {
                    y[t][i] = x[t][i] * inverse * weight[i % weight.length];
                }
            }
        }
        return y;
    }

    private static double squares(double[] row, int first, int size) {
        double sum = 0;
        for (int i = first; i < first + size; i++) {
            sum += row[i] * row[i];
        }
        return sum;
    }

    /** Columns {@code first} until {@code first + count} of one token. */
    static double[] columns(double[] row, int first, int count) {
        double[] part = new double[count];
        System.arraycopy(row, first, part, 0, count);
        return part;
    }

    /** {@code state^T q}: what a query reads; {@code state} [dk][dv]. */
    static double[] read(double[][] state, double[] q) {
        double[] o = new double[state[0].length];
        for (int i = 0; i < q.length; i++) {
            for (int j = 0; j < o.length; j++) {
                o[j] += q[i] * state[i][j];
            }
        }
        return o;
    }

    /** {@code state += k v^T}. */
    static void write(double[][] state, double[] k, double[] v) {
        for (int i = 0; i < k.length; i++) {
            for (int j = 0; j < v.length; j++) {
                state[i][j] += k[i] * v[j];
            }
        }
    }

    /** Row {@code i} of the state times {@code factors[i]}. */
    static void decay(double[][] state, double[] factors) {
        for (int i = 0; i < factors.length; i++) {
            for (int j = 0; j < state[i].length; j++) {
                state[i][j] *= factors[i];
            }
        }
    }

    /** {@code count} times the same number. */
    static double[] repeat(double value, int count) {
        double[] values = new double[count];
        Arrays.fill(values, value);
        return values;
    }
}
