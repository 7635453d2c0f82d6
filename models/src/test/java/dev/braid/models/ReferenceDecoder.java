package dev.braid.models;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The decoder's equations in plain double loops, straight from the papers: no batching tricks, no fusion, no tape. Takes
 * parameters by their global names. The tests hold the fast model against it.
 */
final class ReferenceDecoder {
    private final ModelConfig config;
    private final int vocabulary;
    final Map<String, double[]> parameters = new HashMap<>();

    ReferenceDecoder(ModelConfig config, int vocabulary) {
        this.config = config;
        this.vocabulary = vocabulary;
    }

    /** Sum of cross-entropy over valid labels of one sequence. */
    double loss(int[] tokens, int[] labels) {
        double[][] logits = logits(tokens);
        double sum = 0;
        for (int t = 0; t < tokens.length; t++) {
            if (labels[t] != Batch.IGNORED) {
                sum += logSum(logits[t]) - logits[t][labels[t]];
            }
        }
        return sum;
    }

    /**
     * Mean cross-entropy of the module that predicts the token after the one {@code ahead} places on, over all its valid labels of
     * all sequences: a label counts that is in the document of its position.
     */
    double meanLossAhead(int[][] tokens, int[][] labels, int[][] documents, int ahead) {
        double sum = 0;
        int valid = 0;
        for (int s = 0; s < tokens.length; s++) {
            double[][] hidden = hidden(tokens[s]);
            for (int k = 1; k <= ahead; k++) {
                hidden = module(hidden, tokens[s], k);
            }
            double[][] logits = head(streamNorm(hidden, "mtp." + (ahead - 1) + ".norm"));
            for (int t = 0; t + ahead < tokens[s].length; t++) {
                int label = labels[s][t + ahead];
                boolean last = t + ahead + 1 == tokens[s].length;
                if (label != Batch.IGNORED && documents[s][t] == documents[s][t + ahead + (last ? 0 : 1)]) {
                    sum += logSum(logits[t]) - logits[t][label];
                    valid++;
                }
            }
        }
        return sum / valid;
    }

    /** {@code TRM(M [norm(Emb(t_{i+k})); norm(h)])}; behind the end stands token 0, which no valid label depends on. */
    private double[][] module(double[][] hidden, int[] tokens, int ahead) {
        String prefix = "mtp." + (ahead - 1) + ".";
        int[] later = new int[tokens.length];
        for (int t = 0; t + ahead < tokens.length; t++) {
            later[t] = tokens[t + ahead];
        }
        double[][] embedded = streamNorm(embedded(later), prefix + "embedding_norm");
        double[][] normed = streamNorm(hidden, prefix + "hidden_norm");
        double[][] both = new double[tokens.length][2 * config.dim()];
        for (int t = 0; t < tokens.length; t++) {
            System.arraycopy(embedded[t], 0, both[t], 0, config.dim());
            System.arraycopy(normed[t], 0, both[t], config.dim(), config.dim());
        }
        double[][] x = linear(both, prefix + "projection.weight", config.dim());
        return layer(x, prefix + "block.", config.predictionLayer());
    }

    private double[][] embedded(int[] tokens) {
        double[][] x = new double[tokens.length][];
        for (int t = 0; t < tokens.length; t++) {
            x[t] = row(parameters.get("embedding.weight"), tokens[t], config.dim());
        }
        scale(x, config.embeddingScale().orElseGet(() -> Math.sqrt(config.dim())));
        return x;
    }

    /** What the last layer makes, before the last norm. */
    private double[][] hidden(int[] tokens) {
        double[][] x = embedded(tokens);
        if (config.embeddingNorm()) {
            x = streamNorm(x, "layers.0.input_norm");
        }
        for (int i = 0; i < config.layers(); i++) {
            x = layer(x, "layers." + i + ".", config.arrangement().get(i));
        }
        return x;
    }

    private double[][] layer(double[][] input, String prefix, ModelConfig.Layer layer) {
        MixerConfig mixer = config.mixers().get(layer.mixer());
        NormPlace place = config.normPlace(layer);
        double[][] x = around(input, place, prefix + "mixer", part -> mixer(prefix + "mixer.", mixer, part));
        if (layer.ffn().isPresent()) {
            FeedForwardConfig ffn = config.ffns().get(layer.ffn().get());
            x = around(x, place, prefix + "ffn", part -> feedForward(prefix + "ffn.", ffn, part));
        }
        return x;
    }

    /** Logits [T][V] of one sequence. */
    double[][] logits(int[] tokens) {
        return head(streamNorm(hidden(tokens), "norm"));
    }

    private double[][] head(double[][] normed) {
        String head = config.tieEmbeddings() ? "embedding.weight" : "head.weight";
        double[][] logits = linear(normed, head, vocabulary);
        scale(logits, config.logitScale());
        config.logitSoftCap().ifPresent(cap -> {
            for (double[] line : logits) {
                Arrays.setAll(line, v -> cap * Math.tanh(line[v] / cap));
            }
        });
        return logits;
    }

    /** A part of a layer with the norms before it, after it, or both. */
    private double[][] around(double[][] x, NormPlace place, String name, UnaryOperator<double[][]> part) {
        double[][] input = place == NormPlace.POST ? x : streamNorm(x, name + "_norm");
        double[][] y = part.apply(input);
        return add(x, place == NormPlace.PRE ? y : streamNorm(y, name + "_post_norm"));
    }

    private double[][] streamNorm(double[][] x, String name) {
        double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            y[t] = streamNorm(x[t], parameters.get(name + ".weight"), parameters.get(name + ".bias"));
        }
        return y;
    }

    private double[] streamNorm(double[] x, double[] weight, double[] bias) {
        return switch (config.norm()) {
            case RMS -> normalise(x, weight);
            case RMS_ZERO_CENTERED ->
                normalise(x, Arrays.stream(weight).map(w -> 1 + w).toArray());
            case LAYER -> {
                double mean = Arrays.stream(x).average().orElseThrow();
                double[] y =
                        normalise(Arrays.stream(x).map(value -> value - mean).toArray(), weight);
                Arrays.setAll(y, i -> y[i] + bias[i]);
                yield y;
            }
        };
    }

    private double[][] mixer(String prefix, MixerConfig mixer, double[][] x) {
        return switch (mixer) {
            case AttentionConfig attention -> attention(prefix, attention, x);
            case ParallelMixerConfig parallel -> parallel(prefix, parallel, x);
            default -> throw new IllegalArgumentException("no reference for " + mixer);
        };
    }

    private double[][] parallel(String prefix, ParallelMixerConfig settings, double[][] x) {
        double[][] sum = new double[x.length][config.dim()];
        for (String name : settings.branches().keySet()) {
            double[][] input = add(x, new double[x.length][config.dim()]);
            scale(input, settings.inputScales().getOrDefault(name, 1.0));
            double[][] y = mixer(prefix + name + ".", settings.branches().get(name), input);
            if (settings.outputNorm()) {
                y = norm(y, prefix + name + ".branch_norm.weight");
            }
            if (settings.mix() == BranchMix.LEARNED) {
                double[] beta = parameters.get(prefix + name + ".beta");
                for (double[] line : y) {
                    Arrays.setAll(line, i -> line[i] * beta[i]);
                }
            }
            double count =
                    settings.mix() == BranchMix.SUM ? 1 : settings.branches().size();
            scale(y, settings.outputScales().getOrDefault(name, 1.0) / count);
            sum = add(sum, y);
        }
        return sum;
    }

    private static void scale(double[][] x, double factor) {
        for (double[] line : x) {
            Arrays.setAll(line, i -> line[i] * factor);
        }
    }

    private double[][] attention(String prefix, AttentionConfig settings, double[][] x) {
        int size = settings.headSize(config.dim());
        int heads = settings.heads();
        int groups = settings.keyValueHeads();
        double[][] q = project(prefix, "q", x, heads * size, settings.qkvBias());
        double[][] k = project(prefix, "k", x, groups * size, settings.qkvBias());
        if (settings.qkNorm() == QkNorm.WIDTH) {
            q = projectedNorm(q, prefix + "q_norm.weight");
            k = projectedNorm(k, prefix + "k_norm.weight");
        }
        double[][] v = project(prefix, "v", x, groups * size, settings.qkvBias());
        double[][] mixed = new double[x.length][heads * size];
        for (int h = 0; h < heads; h++) {
            int group = h / (heads / groups);
            for (int t = 0; t < x.length; t++) {
                double[] query = head(prefix, "q", settings, q[t], h, t);
                double[] scores = new double[t + 1];
                for (int s = 0; s <= t; s++) {
                    double[] key = head(prefix, "k", settings, k[s], group, s);
                    scores[s] = score(settings, dot(query, key), t, s);
                }
                double total = logSum(scores);
                for (int s = 0; s <= t; s++) {
                    for (int d = 0; d < size; d++) {
                        mixed[t][h * size + d] += Math.exp(scores[s] - total) * v[s][group * size + d];
                    }
                }
            }
        }
        if (settings.gate()) {
            double[][] gate = linear(x, prefix + "gate.weight", heads * size);
            for (int t = 0; t < x.length; t++) {
                for (int i = 0; i < heads * size; i++) {
                    mixed[t][i] /= 1 + Math.exp(-gate[t][i]);
                }
            }
        }
        return project(prefix, "output", mixed, config.dim(), settings.outputBias());
    }

    /** The score of a key at {@code s} for the query at {@code t}; minus infinity where it is out of sight. */
    private double score(AttentionConfig settings, double product, int t, int s) {
        int window = settings.window().orElse(Integer.MAX_VALUE);
        if (t - s >= window && s >= settings.sinks()) {
            return Double.NEGATIVE_INFINITY;
        }
        double scaled = product * settings.scale().orElse(1 / Math.sqrt(settings.headSize(config.dim())));
        return settings.cap().map(cap -> cap * Math.tanh(scaled / cap)).orElse(scaled);
    }

    private double[][] projectedNorm(double[][] x, String weight) {
        return Arrays.stream(x)
                .map(line -> normalise(line, projectedWeight(weight)))
                .toArray(double[][]::new);
    }

    /** What queries and keys are multiplied by: zero-centred where the model's norms are. */
    private double[] projectedWeight(String name) {
        double offset = config.norm() == NormKind.RMS_ZERO_CENTERED ? 1 : 0;
        return Arrays.stream(parameters.get(name)).map(w -> w + offset).toArray();
    }

    private double[][] project(String prefix, String name, double[][] x, int outputs, boolean bias) {
        double[][] y = linear(x, prefix + name + ".weight", outputs);
        if (bias) {
            double[] b = parameters.get(prefix + name + ".bias");
            for (double[] line : y) {
                for (int i = 0; i < outputs; i++) {
                    line[i] += b[i];
                }
            }
        }
        return y;
    }

    /** One head of one position: cut out, normalised if the config says so, rotated by its position. */
    private double[] head(
            String prefix, String name, AttentionConfig settings, double[] line, int index, int position) {
        int size = settings.headSize(config.dim());
        double[] head = new double[size];
        System.arraycopy(line, index * size, head, 0, size);
        if (settings.qkNorm() == QkNorm.HEAD) {
            head = normalise(head, projectedWeight(prefix + name + "_norm.weight"));
        }
        if (settings.rope().isEmpty()) {
            return head;
        }
        RopeConfig rope = settings.rope().get();
        int turned = rope.rotated(size);
        double[] rotated = head.clone();
        for (int i = 0; i < turned / 2; i++) {
            double angle = position * Math.pow(rope.base(), -2.0 * i / turned);
            rotated[i] = head[i] * Math.cos(angle) - head[i + turned / 2] * Math.sin(angle);
            rotated[i + turned / 2] = head[i + turned / 2] * Math.cos(angle) + head[i] * Math.sin(angle);
        }
        return rotated;
    }

    private double[][] feedForward(String prefix, FeedForwardConfig settings, double[][] x) {
        int hidden = parameters.get(prefix + "up.weight").length / config.dim();
        double[][] inner = linear(x, prefix + "up.weight", hidden);
        double[][] gate = settings instanceof ReluSquaredConfig ? inner : linear(x, prefix + "gate.weight", hidden);
        if (settings instanceof SwiGluConfig swiGlu) {
            scale(gate, swiGlu.gateScale());
        }
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < hidden; i++) {
                double g = gate[t][i];
                inner[t][i] = switch (settings) {
                    case SwiGluConfig swiGlu -> g / (1 + Math.exp(-g)) * inner[t][i];
                    case GeGluConfig geGlu ->
                        g / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (g + 0.044715 * g * g * g))) * inner[t][i];
                    case ReluSquaredConfig squared -> Math.max(g, 0) * Math.max(g, 0);
                    default -> throw new IllegalArgumentException("no reference for " + settings);
                };
            }
        }
        double[][] down = linear(inner, prefix + "down.weight", config.dim());
        if (settings instanceof SwiGluConfig swiGlu) {
            scale(down, swiGlu.downScale());
        }
        return down;
    }

    private double[][] norm(double[][] x, String weight) {
        double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            y[t] = normalise(x[t], parameters.get(weight));
        }
        return y;
    }

    private double[] normalise(double[] x, double[] weight) {
        double inverse = 1 / Math.sqrt(dot(x, x) / x.length + config.normEps());
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i] * inverse * weight[i];
        }
        return y;
    }

    private double[][] linear(double[][] x, String name, int outputs) {
        double[] weight = parameters.get(name);
        double[][] y = new double[x.length][outputs];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < outputs; o++) {
                for (int i = 0; i < x[t].length; i++) {
                    y[t][o] += x[t][i] * weight[o * x[t].length + i];
                }
            }
        }
        return y;
    }

    private static double[][] add(double[][] a, double[][] b) {
        double[][] sum = new double[a.length][a[0].length];
        for (int t = 0; t < a.length; t++) {
            for (int i = 0; i < a[t].length; i++) {
                sum[t][i] = a[t][i] + b[t][i];
            }
        }
        return sum;
    }

    private static double[] row(double[] matrix, int row, int columns) {
        double[] result = new double[columns];
        System.arraycopy(matrix, row * columns, result, 0, columns);
        return result;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double logSum(double[] values) {
        double largest = Double.NEGATIVE_INFINITY;
        for (double value : values) {
            largest = Math.max(largest, value);
        }
        double sum = 0;
        for (double value : values) {
            sum += Math.exp(value - largest);
        }
        return largest + Math.log(sum);
    }
}
