package dev.braid.tensor.recurrence;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The golden figures {@code golden/linear_attention.json}: the recurrence at T = 8, dk = 4, dv = 3 in numpy, checked against
 * the naive code of flash-linear-attention. Input formulas are in the file.
 */
final class Golden {
    /** Systems with their inputs in the file. */
    static final List<String> SYSTEMS = List.of(
            "linear",
            "retnet h0",
            "lightning",
            "simple_gla",
            "mamba2",
            "gla",
            "hgrn2",
            "deltanet",
            "gated_delta",
            "kda",
            "rwkv7");

    /** Those of them with gradients of {@code sum_tj o_tj cos(t j)}. */
    static final List<String> WITH_GRADIENTS = List.of("simple_gla", "gla", "gated_delta", "kda", "rwkv7");

    private static final String TEXT = read();

    private Golden() {}

    private static String read() {
        try (InputStream stream = Golden.class.getResourceAsStream("/golden/linear_attention.json")) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The matrix {@code name} of a system, such as {@code q}; gradients are {@code dq} and so on. */
    static double[][] matrix(String system, String name) {
        int start = TEXT.indexOf("\"" + system + "\":{");
        int at = TEXT.indexOf("\"" + name + "\":[", start);
        if (start < 0 || at < 0) {
            throw new IllegalArgumentException("no " + name + " of " + system);
        }
        String rest = TEXT.substring(at);
        Matcher rows = Pattern.compile("\\[([^\\[\\]]+)]").matcher(rest.substring(0, rest.indexOf("]]") + 1));
        List<double[]> matrix = new ArrayList<>();
        while (rows.find()) {
            matrix.add(Pattern.compile(",")
                    .splitAsStream(rows.group(1))
                    .mapToDouble(Double::parseDouble)
                    .toArray());
        }
        return matrix.toArray(double[][]::new);
    }

    /** The inputs of a system. */
    static DoubleRecurrence inputs(String system) {
        DoubleRecurrence inputs = new DoubleRecurrence(matrix(system, "q"), matrix(system, "k"), matrix(system, "v"));
        inputs.logDecay = matrix(system, "logw");
        inputs.a = matrix(system, "a");
        inputs.b = matrix(system, "b");
        return inputs;
    }

    /** RWKV-6: the inputs of GLA, read before the write, with the bonus u = .1 i. */
    static DoubleRecurrence rwkv6() {
        DoubleRecurrence inputs = inputs("gla");
        inputs.read = Read.BEFORE_WRITE;
        inputs.bonus = new double[] {0.1, 0.2, 0.3, 0.4};
        return inputs;
    }

    /** {@code cos(t j)}, the gradient of the outputs that the gradients belong to. */
    static double[][] outputGradient() {
        double[][] gradient = new double[8][3];
        for (int t = 1; t <= 8; t++) {
            for (int j = 1; j <= 3; j++) {
                gradient[t - 1][j - 1] = Math.cos(t * j);
            }
        }
        return gradient;
    }

    /** The largest difference, or empty if shapes differ. */
    static Optional<Double> distance(double[][] x, double[][] y) {
        double most = 0;
        for (int i = 0; i < x.length; i++) {
            if (x.length != y.length || x[i].length != y[i].length) {
                return Optional.empty();
            }
            for (int j = 0; j < x[i].length; j++) {
                double difference = Math.abs(x[i][j] - y[i][j]);
                if (Double.isNaN(difference)) {
                    throw new AssertionError(String.format(Locale.ROOT, "not a number at %d, %d", i, j));
                }
                most = Math.max(most, difference);
            }
        }
        return Optional.of(most);
    }
}
