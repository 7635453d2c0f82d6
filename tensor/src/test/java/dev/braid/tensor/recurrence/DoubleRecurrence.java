package dev.braid.tensor.recurrence;

import java.util.Arrays;

/**
 * The recurrence of one head as it is written, token by token in double, and its gradients by hand. Inputs are
 * {@code [T][dk]} or {@code [T][dv]}; a scalar decay is repeated over the rows of the state.
 */
final class DoubleRecurrence {
    double[][] q;
    double[][] k;
    double[][] v;
    double[][] logDecay;
    double[][] a;
    double[][] b;
    double[] bonus;
    double[][] initial;
    int[] documents;
    Read read = Read.AFTER_WRITE;

    double[][] o;
    double[][] state;

    double[][] dq;
    double[][] dk;
    double[][] dv;
    double[][] dLogDecay;
    double[][] da;
    double[][] db;
    double[] dBonus;
    double[][] dInitial;

    /** Zero decay, a, b, bonus and initial state; one document. */
    DoubleRecurrence(double[][] q, double[][] k, double[][] v) {
        this.q = q;
        this.k = k;
        this.v = v;
        int length = k.length;
        int keySize = k[0].length;
        logDecay = new double[length][keySize];
        a = new double[length][keySize];
        b = new double[length][keySize];
        bonus = new double[keySize];
        initial = new double[keySize][v[0].length];
        documents = new int[length];
    }

    private int keySize() {
        return k[0].length;
    }

    private int valueSize() {
        return v[0].length;
    }

    private boolean fresh(int t) {
        return t > 0 && documents[t] != documents[t - 1];
    }

    private double[][] next(double[][] before, int t) {
        double[] erased = left(a[t], before);
        double[][] after = new double[keySize()][valueSize()];
        for (int i = 0; i < keySize(); i++) {
            for (int j = 0; j < valueSize(); j++) {
                after[i][j] = Math.exp(logDecay[t][i]) * before[i][j] + b[t][i] * erased[j] + k[t][i] * v[t][j];
            }
        }
        return after;
    }

    private double own(int t) {
        double sum = 0;
        for (int i = 0; i < keySize(); i++) {
            sum += q[t][i] * bonus[i] * k[t][i];
        }
        return sum;
    }

    DoubleRecurrence forward() {
        state = initial;
        o = new double[k.length][];
        for (int t = 0; t < k.length; t++) {
            double[][] before = fresh(t) ? new double[keySize()][valueSize()] : state;
            state = next(before, t);
            o[t] = left(q[t], read == Read.AFTER_WRITE ? state : before);
            if (read == Read.BEFORE_WRITE) {
                for (int j = 0; j < valueSize(); j++) {
                    o[t][j] += own(t) * v[t][j];
                }
            }
        }
        return this;
    }

    /** Gradients of {@code sum(dO o) + sum(dFinal S_T)}. */
    DoubleRecurrence backward(double[][] dO, double[][] dFinal) {
        int length = k.length;
        dq = new double[length][keySize()];
        dk = new double[length][keySize()];
        dv = new double[length][valueSize()];
        dLogDecay = new double[length][keySize()];
        da = new double[length][keySize()];
        db = new double[length][keySize()];
        dBonus = new double[keySize()];
        double[][][] before = new double[length][][];
        double[][] current = initial;
        for (int t = 0; t < length; t++) {
            before[t] = fresh(t) ? new double[keySize()][valueSize()] : current;
            current = next(before[t], t);
        }
        double[][] dS = copy(dFinal);
        for (int t = length - 1; t >= 0; t--) {
            dS = backward(t, before[t], dO[t], dS);
        }
        dInitial = dS;
        return this;
    }

    private double[][] backward(int t, double[][] before, double[] dO, double[][] dS) {
        boolean after = read == Read.AFTER_WRITE;
        dq[t] = right(after ? next(before, t) : before, dO);
        if (after) {
            addOuter(dS, q[t], dO);
        }
        dk[t] = right(dS, v[t]);
        dv[t] = left(k[t], dS);
        db[t] = right(dS, left(a[t], before));
        double[] dErased = left(b[t], dS);
        da[t] = right(before, dErased);
        double[][] dBefore = new double[keySize()][valueSize()];
        for (int i = 0; i < keySize(); i++) {
            double decay = Math.exp(logDecay[t][i]);
            for (int j = 0; j < valueSize(); j++) {
                dLogDecay[t][i] += decay * before[i][j] * dS[i][j];
                dBefore[i][j] = decay * dS[i][j];
            }
        }
        addOuter(dBefore, a[t], dErased);
        if (!after) {
            addOuter(dBefore, q[t], dO);
            bonusGradients(t, dO);
        }
        return fresh(t) ? new double[keySize()][valueSize()] : dBefore;
    }

    private void bonusGradients(int t, double[] dO) {
        double weight = 0;
        double own = own(t);
        for (int j = 0; j < valueSize(); j++) {
            weight += dO[j] * v[t][j];
            dv[t][j] += own * dO[j];
        }
        for (int i = 0; i < keySize(); i++) {
            dq[t][i] += weight * bonus[i] * k[t][i];
            dk[t][i] += weight * bonus[i] * q[t][i];
            dBonus[i] += weight * q[t][i] * k[t][i];
        }
    }

    /** {@code sum(x y)}. */
    static double dot(double[][] x, double[][] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x[i].length; j++) {
                sum += x[i][j] * y[i][j];
            }
        }
        return sum;
    }

    private static double[][] copy(double[][] x) {
        return Arrays.stream(x).map(double[]::clone).toArray(double[][]::new);
    }

    private static double[] left(double[] x, double[][] matrix) {
        double[] product = new double[matrix[0].length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < product.length; j++) {
                product[j] += x[i] * matrix[i][j];
            }
        }
        return product;
    }

    private static double[] right(double[][] matrix, double[] y) {
        double[] product = new double[matrix.length];
        for (int i = 0; i < product.length; i++) {
            for (int j = 0; j < y.length; j++) {
                product[i] += matrix[i][j] * y[j];
            }
        }
        return product;
    }

    private static void addOuter(double[][] matrix, double[] x, double[] y) {
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < y.length; j++) {
                matrix[i][j] += x[i] * y[j];
            }
        }
    }
}
