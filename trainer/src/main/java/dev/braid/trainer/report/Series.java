package dev.braid.trainer.report;

import java.util.Arrays;
import java.util.function.DoublePredicate;

/** Values over ascending steps, in plain arrays, for curves of up to millions of points. Grows at its end; one thread. */
final class Series {
    private double[] steps = new double[64];
    private double[] values = new double[64];
    private int size;

    /** Adds a point behind the last one. */
    Series add(double step, double value) {
        if (size == steps.length) {
            steps = Arrays.copyOf(steps, size * 2);
            values = Arrays.copyOf(values, size * 2);
        }
        steps[size] = step;
        values[size] = value;
        size++;
        return this;
    }

    int size() {
        return size;
    }

    double step(int index) {
        return steps[index];
    }

    double value(int index) {
        return values[index];
    }

    /** The points whose values are not finite. */
    Series nonFinite() {
        return where(value -> !Double.isFinite(value));
    }

    /** The points whose values pass. */
    Series where(DoublePredicate passes) {
        Series found = new Series();
        for (int i = 0; i < size; i++) {
            if (passes.test(values[i])) {
                found.add(steps[i], values[i]);
            }
        }
        return found;
    }

    /** The smallest finite value, or NaN. */
    double min() {
        return Arrays.stream(values, 0, size).filter(Double::isFinite).min().orElse(Double.NaN);
    }

    /** The largest finite value, or NaN. */
    double max() {
        return Arrays.stream(values, 0, size).filter(Double::isFinite).max().orElse(Double.NaN);
    }

    /** The median of the finite values, or NaN. */
    double median() {
        double[] sorted =
                Arrays.stream(values, 0, size).filter(Double::isFinite).sorted().toArray();
        int middle = sorted.length / 2;
        if (sorted.length == 0) {
            return Double.NaN;
        }
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /**
     * At most {@code 2 * bins + 2} points that draw the same curve: the first and the last point, and the smallest and the
     * largest of each bin of neighbours, so that no spike is lost. A series with so few points stays as it is; otherwise values
     * that are not finite are left out.
     */
    Series downsampled(int bins) {
        if (size <= 2 * bins + 2) {
            return this;
        }
        Series kept = new Series();
        for (int bin = 0; bin < bins; bin++) {
            addExtremes(kept, edge(bin, bins), edge(bin + 1, bins));
        }
        return kept;
    }

    /** The mean of the finite values of each bin, at its mean step; itself when it has no more points than bins. */
    Series binned(int bins) {
        if (size <= bins) {
            return this;
        }
        Series means = new Series();
        for (int bin = 0; bin < bins; bin++) {
            int from = edge(bin, bins);
            int to = edge(bin + 1, bins);
            means.add((steps[from] + steps[to - 1]) / 2, mean(from, to));
        }
        return means;
    }

    /**
     * At each point the mean of the finite values among {@code 2 * reach + 1} neighbours; towards the ends fewer, the same
     * number to both sides, so that the mean does not lag behind a slope.
     */
    Series smoothed(int reach) {
        Series smooth = new Series();
        for (int i = 0; i < size; i++) {
            int side = Math.min(reach, Math.min(i, size - 1 - i));
            smooth.add(steps[i], mean(i - side, i + side + 1));
        }
        return smooth;
    }

    private void addExtremes(Series kept, int from, int to) {
        int low = -1;
        int high = -1;
        for (int i = from; i < to; i++) {
            if (Double.isFinite(values[i])) {
                low = low < 0 || values[i] < values[low] ? i : low;
                high = high < 0 || values[i] > values[high] ? i : high;
            }
        }
        int previous = -1;
        int[] wanted = {from == 0 ? 0 : -1, Math.min(low, high), Math.max(low, high), to == size ? size - 1 : -1};
        for (int index : wanted) {
            if (index > previous && Double.isFinite(values[index])) {
                kept.add(steps[index], values[index]);
                previous = index;
            }
        }
    }

    private double mean(int from, int to) {
        double sum = 0;
        int count = 0;
        for (int i = from; i < to; i++) {
            if (Double.isFinite(values[i])) {
                sum += values[i];
                count++;
            }
        }
        return count == 0 ? Double.NaN : sum / count;
    }

    private int edge(int bin, int bins) {
        return (int) ((long) size * bin / bins);
    }
}
