package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What a decoder is made of: named mixers and feed-forwards, arranged by a pattern that repeats over the layers. */
public record ModelConfig(
        @Key(
                value = "A published shape to start from: its keys stand for those that are not written. Mixers and"
                        + " feed-forwards are filled in by name.",
                allowed = {
                    "llama-3-8b",
                    "llama-3-70b",
                    "llama-3-405b",
                    "mamba2-2.7b",
                    "rwkv7-1.5b",
                    "gated-deltanet-1.3b",
                    "falcon-h1-0.5b",
                    "olmo-hybrid-7b",
                    "bamba-9b",
                    "gemma-3-1b",
                    "mixtral-8x7b",
                    "qwen3-30b-a3b",
                    "granite-4.0-h-tiny",
                    "qwen3-next-80b-a3b",
                    "deepseek-v3"
                },
                preset = true)
        Optional<String> preset,

        @Key("Width of the residual stream.") int dim,
        @Key("Number of layers.") int layers,
        @Key("Longest sequence in tokens.") int context,

        @Key(value = "Use the embedding as the output head.", byDefault = "false")
        boolean tieEmbeddings,

        @Key("Mixers by name: what lets positions see each other.")
        Map<String, MixerConfig> mixers,

        @Key("Feed-forwards by name: what works on each position alone.")
        Map<String, FeedForwardConfig> ffns,

        @Key(
                value =
                        "Layers before the pattern begins, written as the pattern's: dense ones before mixtures of experts"
                                + " (DeepSeek).",
                byDefault = "[]")
        List<String> firstLayers,

        @Key("Layers as mixer+ffn, or as the mixer alone, repeated until all layers are named.")
        List<String> pattern,

        @Key("Vocabulary size; checked against the tokenizer's when given.")
        Optional<Integer> vocab,

        @Key(value = "Epsilon of every norm.", byDefault = "1.0e-5")
        double normEps,

        @Key(
                value = "Standard deviation of initial weights; projections into the residual stream divide it by"
                        + " sqrt(2 layers).",
                byDefault = "0.02")
        double initStd,

        @Key(
                value =
                        "Kind of the norms on the residual stream: RMSNorm; RMSNorm whose weight is added to one (Gemma);"
                                + " LayerNorm with bias (RWKV).",
                byDefault = "rms")
        NormKind norm,

        @Key(
                value = "Where a layer's norms stand, by the name of its mixer; pre where it is not named."
                        + " pre: x + f(norm(x)), post: x + norm(f(x)) (OLMo), sandwich: x + norm(f(norm(x))) (Gemma),"
                        + " for f the mixer and for f the feed-forward.",
                byDefault = "{}")
        Map<String, NormPlace> norms,

        @Key(value = "A norm on the output of the embedding, before the first layer (RWKV).", byDefault = "false")
        boolean embeddingNorm,

        @Key(
                value = "Factor of the embedding's output; sqrt_dim: the root of dim (Gemma).",
                byDefault = "1",
                empty = "sqrt_dim")
        Optional<Double> embeddingScale,

        @Key(value = "Factor of the logits (Falcon-H1).", byDefault = "1")
        double logitScale,

        @Key("Bounds the logits after their factor: cap * tanh(logits / cap) (Gemma 2).")
        Optional<Double> logitSoftCap,

        @Key(value = "Factor of what mixers and feed-forwards add to the residual stream (Granite).", byDefault = "1")
        double residualScale,

        @Key("Multi-token prediction while training (DeepSeek-V3); none when not given.")
        Optional<MultiTokenConfig> mtp)
        implements Validated {

    /** A model that is written out, with norms before its parts and no options. */
    public ModelConfig(
            int dim,
            int layers,
            int context,
            boolean tieEmbeddings,
            Map<String, MixerConfig> mixers,
            Map<String, FeedForwardConfig> ffns,
            List<String> pattern,
            Optional<Integer> vocab,
            double normEps,
            double initStd) {
        this(
                Optional.empty(),
                dim,
                layers,
                context,
                tieEmbeddings,
                mixers,
                ffns,
                List.of(),
                pattern,
                vocab,
                normEps,
                initStd,
                NormKind.RMS,
                Map.of(),
                false,
                Optional.of(1.0),
                1,
                Optional.empty(),
                1,
                Optional.empty());
    }

    /**
     * One layer: which mixer, which feed-forward.
     *
     * @param ffn empty where the layer is its mixer alone
     */
    public record Layer(String mixer, Optional<String> ffn) {
        /** A layer with a feed-forward. */
        public Layer(String mixer, String ffn) {
            this(mixer, Optional.of(ffn));
        }

        private static Layer of(String text) {
            String[] names = text.split("\\+", -1);
            return new Layer(names[0].strip(), names.length == 1 ? Optional.empty() : Optional.of(names[1].strip()));
        }
    }

    /** The layers in order: the first ones, and the pattern repeated over the others. Call only on a valid config. */
    public List<Layer> arrangement() {
        List<Layer> arrangement = new ArrayList<>();
        firstLayers.forEach(text -> arrangement.add(Layer.of(text)));
        for (int i = 0; i < layers - firstLayers.size(); i++) {
            arrangement.add(Layer.of(pattern.get(i % pattern.size())));
        }
        return arrangement;
    }

    /** The layers in words: {@code attn+mlp, attn+moe}, after {@code first attn+mlp, then} where layers come before the pattern. */
    public String layersInWords() {
        String repeated = String.join(", ", pattern);
        return firstLayers.isEmpty() ? repeated : "first " + String.join(", ", firstLayers) + ", then " + repeated;
    }

    /**
     * What keeps {@code ranks} of the tensor axis from dividing the layers, each as it goes on after "parallel.tensor is 3, ". Call
     * only on a valid config.
     */
    public List<String> tensorProblems(int ranks) {
        List<String> problems = new ArrayList<>();
        mixers.forEach((name, mixer) -> problems.addAll(mixer.tensorProblems(this, name, ranks)));
        ffns.forEach((name, ffn) -> problems.addAll(ffn.tensorProblems(this, name, ranks)));
        return problems;
    }

    /** Numbers of experts by the name of a mixture, in the order of names. */
    public Map<String, Integer> experts() {
        Map<String, Integer> experts = new TreeMap<>();
        ffns.forEach((name, ffn) -> {
            if (ffn instanceof MoeConfig moe) {
                experts.put(name, moe.experts());
            }
        });
        return experts;
    }

    /** The keys that make the model another than a decoder with RMSNorm before its parts and logits as they come, as Llama. */
    public List<String> variations() {
        List<String> keys = new ArrayList<>();
        add(keys, "norm", norm != NormKind.RMS);
        add(keys, "norms", norms.values().stream().anyMatch(place -> place != NormPlace.PRE));
        add(keys, "embedding_norm", embeddingNorm);
        add(keys, "embedding_scale", embeddingFactor() != 1);
        add(keys, "logit_scale", logitScale != 1);
        add(keys, "residual_scale", residualScale != 1);
        add(keys, "logit_soft_cap", logitSoftCap.isPresent());
        return keys;
    }

    private static void add(List<String> keys, String key, boolean varies) {
        if (varies) {
            keys.add(key);
        }
    }

    /** Where the norms of a layer stand. */
    public NormPlace normPlace(Layer layer) {
        return norms.getOrDefault(layer.mixer(), NormPlace.PRE);
    }

    /** The same with other modules of multi-token prediction, or without any. */
    public ModelConfig withMtp(Optional<MultiTokenConfig> other) {
        return new ModelConfig(
                preset,
                dim,
                layers,
                context,
                tieEmbeddings,
                mixers,
                ffns,
                firstLayers,
                pattern,
                vocab,
                normEps,
                initStd,
                norm,
                norms,
                embeddingNorm,
                embeddingScale,
                logitScale,
                logitSoftCap,
                residualScale,
                other);
    }

    /** Number of modules that predict tokens further ahead. */
    public int predictionDepth() {
        return mtp.map(MultiTokenConfig::depth).orElse(0);
    }

    /** What the mean of their losses counts. */
    double predictionWeight() {
        return mtp.map(MultiTokenConfig::weight).orElse(0.0);
    }

    /** The layer in each of them. */
    public Layer predictionLayer() {
        return mtp.flatMap(MultiTokenConfig::layer)
                .map(Layer::of)
                .orElseGet(() -> arrangement().getLast());
    }

    /** Whether the embedding's weight is used behind the last layer: as the head, or for tokens further ahead. */
    public boolean embedsAtEnd() {
        return tieEmbeddings || predictionDepth() > 0;
    }

    /** Factor of the embedding's output, as operations have it. */
    public float embeddingFactor() {
        return (float) (double) embeddingScale.orElseGet(() -> Math.sqrt(dim));
    }

    @Override
    public void validate(Faults faults) {
        positive(faults, "dim", dim);
        positive(faults, "layers", layers);
        positive(faults, "context", context);
        vocab.ifPresent(size -> positive(faults, "vocab", size));
        if (!(normEps > 0)) {
            faults.add("norm_eps", "is " + normEps + ", must be above 0", "1.0e-5 is usual");
        }
        if (!(initStd > 0)) {
            faults.add("init_std", "is " + initStd + ", must be above 0", "0.02 is usual");
        }
        embeddingScale.ifPresent(scale -> factor(faults, "embedding_scale", scale));
        factor(faults, "logit_scale", logitScale);
        factor(faults, "residual_scale", residualScale);
        logitSoftCap.ifPresent(cap -> {
            if (!(cap > 0) || Double.isInfinite(cap)) {
                faults.add("logit_soft_cap", "is " + cap + ", must be above 0", "30 is usual, none for no bound");
            }
        });
        norms.keySet().stream()
                .filter(name -> !mixers.containsKey(name))
                .forEach(name -> faults.add(
                        "norms." + name, "names no mixer, known are " + mixers.keySet(), "norms go by mixer"));
        validatePattern(faults);
        mixers.forEach((name, mixer) -> mixer.validate(dim, "mixers." + name, faults));
        ffns.forEach((name, ffn) -> ffn.validate(this, "ffns." + name, faults));
    }

    private void validatePattern(Faults faults) {
        if (pattern.isEmpty()) {
            faults.add("pattern", "is empty", "write at least one layer, such as [attn+mlp]");
        }
        Set<String> unusedMixers = new TreeSet<>(mixers.keySet());
        Set<String> unusedFfns = new TreeSet<>(ffns.keySet());
        validateLayers(faults, "first_layers", firstLayers, unusedMixers, unusedFfns);
        validateLayers(faults, "pattern", pattern, unusedMixers, unusedFfns);
        mtp.flatMap(MultiTokenConfig::layer)
                .ifPresent(layer -> validateLayer(faults, "mtp.layer", layer, unusedMixers, unusedFfns));
        if (firstLayers.size() + pattern.size() > layers && layers > 0) {
            String named = firstLayers.isEmpty()
                    ? "names " + pattern.size() + " layers"
                    : "names " + pattern.size() + " layers after " + firstLayers.size() + " of first_layers";
            faults.add(
                    "pattern",
                    named + ", but the model has " + layers,
                    firstLayers.isEmpty()
                            ? "shorten the pattern or raise model.layers"
                            : "shorten one of them or raise model.layers");
        }
        String unused = firstLayers.isEmpty()
                ? "is not used by the pattern"
                : "is used neither by first_layers nor by the pattern";
        unusedMixers.forEach(name -> faults.add("mixers." + name, unused, "remove it or use it"));
        unusedFfns.forEach(name -> faults.add("ffns." + name, unused, "remove it or use it"));
    }

    private void validateLayers(
            Faults faults, String key, List<String> written, Set<String> unusedMixers, Set<String> unusedFfns) {
        for (int i = 0; i < written.size(); i++) {
            validateLayer(faults, key + "." + i, written.get(i), unusedMixers, unusedFfns);
        }
    }

    /** Takes the names that a layer has out of those that are unused. */
    private void validateLayer(
            Faults faults, String path, String written, Set<String> unusedMixers, Set<String> unusedFfns) {
        if (written.split("\\+", -1).length > 2) {
            faults.add(path, "'" + written + "' is not of the form mixer+ffn or mixer", "");
            return;
        }
        Layer layer = Layer.of(written);
        unusedMixers.remove(layer.mixer());
        known(faults, path, "mixer", layer.mixer(), mixers.keySet());
        layer.ffn().ifPresent(ffn -> {
            unusedFfns.remove(ffn);
            known(faults, path, "ffn", ffn, ffns.keySet());
        });
    }

    private static void known(Faults faults, String path, String kind, String name, Set<String> names) {
        if (!names.contains(name)) {
            faults.add(path, "names the " + kind + " '" + name + "', known are " + names, "");
        }
    }

    private static void factor(Faults faults, String key, double value) {
        if (!(Math.abs(value) > 0) || Double.isInfinite(value)) {
            faults.add(key, "is " + value + ", must be a number other than 0", "1 leaves values as they are");
        }
    }

    private static void positive(Faults faults, String key, int value) {
        if (value < 1) {
            faults.add(key, "is " + value + ", must be at least 1", "");
        }
    }
}
