package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
                    "gemma-3-1b"
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

    /** The layers in order, the pattern repeated over them. Call only on a valid config. */
    public List<Layer> arrangement() {
        List<Layer> arrangement = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            arrangement.add(Layer.of(pattern.get(i % pattern.size())));
        }
        return arrangement;
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

    /** The keys that make the model another than a decoder with RMSNorm before its parts and logits as they come, as Llama. */
    public List<String> variations() {
        List<String> keys = new ArrayList<>();
        add(keys, "norm", norm != NormKind.RMS);
        add(keys, "norms", norms.values().stream().anyMatch(place -> place != NormPlace.PRE));
        add(keys, "embedding_norm", embeddingNorm);
        add(keys, "embedding_scale", embeddingFactor() != 1);
        add(keys, "logit_scale", logitScale != 1);
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
        Map<String, String> named = new LinkedHashMap<>();
        for (int i = 0; i < pattern.size(); i++) {
            named.put("pattern." + i, pattern.get(i));
        }
        mtp.flatMap(MultiTokenConfig::layer).ifPresent(layer -> named.put("mtp.layer", layer));
        named.forEach((key, text) -> {
            if (text.split("\\+", -1).length > 2) {
                faults.add(key, "'" + text + "' is not of the form mixer+ffn or mixer", "");
                return;
            }
            Layer layer = Layer.of(text);
            unusedMixers.remove(layer.mixer());
            known(faults, key, "mixer", layer.mixer(), mixers.keySet());
            layer.ffn().ifPresent(ffn -> {
                unusedFfns.remove(ffn);
                known(faults, key, "ffn", ffn, ffns.keySet());
            });
        });
        if (pattern.size() > layers && layers > 0) {
            faults.add(
                    "pattern",
                    "names " + pattern.size() + " layers, but the model has " + layers,
                    "shorten the pattern or raise model.layers");
        }
        unusedMixers.forEach(name -> faults.add("mixers." + name, "is not used by the pattern", "remove it or use it"));
        unusedFfns.forEach(name -> faults.add("ffns." + name, "is not used by the pattern", "remove it or use it"));
    }

    private static void known(Faults faults, String key, String kind, String name, Set<String> names) {
        if (!names.contains(name)) {
            faults.add(key, "names the " + kind + " '" + name + "', known are " + names, "");
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
