package dev.braid.tensor.routing;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** Routers of one token in f64, as the papers write them; where a choice is made, scores are rounded to f32 first. */
final class PlainRouting {
    private PlainRouting() {}

    static double[] softmax(double[] logits) {
        double largest = Arrays.stream(logits).max().orElseThrow();
        double sum = Arrays.stream(logits).map(x -> Math.exp(x - largest)).sum();
        return Arrays.stream(logits).map(x -> Math.exp(x - largest) / sum).toArray();
    }

    static double[] sigmoid(double[] logits) {
        return Arrays.stream(logits).map(x -> 1 / (1 + Math.exp(-x))).toArray();
    }

    static double[] overSum(double[] values) {
        double sum = Arrays.stream(values).sum();
        return Arrays.stream(values).map(x -> x / sum).toArray();
    }

    /** The indices of the {@code count} largest scores, the lower of equal ones first. */
    static int[] best(int size, int count, IntToDoubleFunction score) {
        return IntStream.range(0, size)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -(float) score.applyAsDouble(i))
                        .thenComparing(i -> i))
                .limit(count)
                .mapToInt(i -> i)
                .toArray();
    }

    /** Experts of DeepSeek-V3's rule. */
    static int[] withinGroups(double[] gates, double[] bias, int count, int groups, int kept) {
        int size = gates.length / groups;
        IntToDoubleFunction score = e -> (float) gates[e] + (float) bias[e];
        int[] bestGroups = best(
                groups,
                kept,
                group -> Arrays.stream(best(size, 2, i -> score.applyAsDouble(group * size + i)))
                        .mapToObj(i -> (float) score.applyAsDouble(group * size + i))
                        .reduce(0f, Float::sum));
        List<Integer> allowed = Arrays.stream(bestGroups).boxed().toList();
        return best(
                gates.length,
                count,
                e -> allowed.contains(e / size) ? score.applyAsDouble(e) : Double.NEGATIVE_INFINITY);
    }

    /** Weights of the chosen experts. */
    static double[] weights(double[] values, int[] experts, boolean renormalise, double scale) {
        double sum = renormalise
                ? Arrays.stream(experts)
                        .filter(e -> e >= 0)
                        .mapToDouble(e -> values[e])
                        .sum()
                : 1;
        return Arrays.stream(experts)
                .mapToDouble(e -> e < 0 ? 0 : values[e] / sum * scale)
                .toArray();
    }

    static double softplus(double x) {
        return Math.log(1 + Math.exp(x));
    }

    /** The normal distribution by Simpson's rule. */
    static double cumulative(double z) {
        int steps = 2000;
        double width = z / steps;
        double sum = 0;
        for (int i = 0; i <= steps; i++) {
            double factor = i == 0 || i == steps ? 1 : i % 2 == 0 ? 2 : 4;
            sum += factor * Math.exp(-(i * width) * (i * width) / 2);
        }
        return 0.5 + sum * width / 3 / Math.sqrt(2 * Math.PI);
    }

    /** The gradient of {@code function} at {@code at} by central differences. */
    static double[][] gradient(double[][] at, ToDoubleFunction<double[][]> function) {
        double step = 1e-5;
        double[][] gradient = new double[at.length][at[0].length];
        for (int i = 0; i < at.length; i++) {
            for (int j = 0; j < at[i].length; j++) {
                double[][] moved = Arrays.stream(at).map(double[]::clone).toArray(double[][]::new);
                moved[i][j] = at[i][j] + step;
                double above = function.applyAsDouble(moved);
                moved[i][j] = at[i][j] - step;
                gradient[i][j] = (above - function.applyAsDouble(moved)) / (2 * step);
            }
        }
        return gradient;
    }
}
