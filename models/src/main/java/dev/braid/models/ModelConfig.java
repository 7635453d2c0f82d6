package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.ArrayList;
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
                allowed = {"llama-3-8b", "llama-3-70b", "llama-3-405b"},
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

        @Key("Layers as mixer+ffn, repeated until all layers are named.")
        List<String> pattern,

        @Key("Vocabulary size; checked against the tokenizer's when given.")
        Optional<Integer> vocab,

        @Key(value = "Epsilon of every RMSNorm.", byDefault = "1.0e-5")
        double normEps,

        @Key(
                value = "Standard deviation of initial weights; projections into the residual stream divide it by"
                        + " sqrt(2 layers).",
                byDefault = "0.02")
        double initStd)
        implements Validated {

    /** A model that is written out. */
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
        this(Optional.empty(), dim, layers, context, tieEmbeddings, mixers, ffns, pattern, vocab, normEps, initStd);
    }

    /** One layer: which mixer, which feed-forward. */
    public record Layer(String mixer, String ffn) {}

    /** The layers in order, the pattern repeated over them. Call only on a valid config. */
    public List<Layer> arrangement() {
        List<Layer> arrangement = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            String[] names = pattern.get(i % pattern.size()).split("\\+", -1);
            arrangement.add(new Layer(names[0].strip(), names[1].strip()));
        }
        return arrangement;
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
        validatePattern(faults);
        mixers.forEach((name, mixer) -> mixer.validate(dim, "mixers." + name, faults));
    }

    private void validatePattern(Faults faults) {
        if (pattern.isEmpty()) {
            faults.add("pattern", "is empty", "write at least one layer, such as [attn+mlp]");
        }
        Set<String> unusedMixers = new TreeSet<>(mixers.keySet());
        Set<String> unusedFfns = new TreeSet<>(ffns.keySet());
        for (int i = 0; i < pattern.size(); i++) {
            String[] names = pattern.get(i).split("\\+", -1);
            if (names.length != 2) {
                faults.add("pattern." + i, "'" + pattern.get(i) + "' is not of the form mixer+ffn", "");
                continue;
            }
            String mixer = names[0].strip();
            String ffn = names[1].strip();
            unusedMixers.remove(mixer);
            unusedFfns.remove(ffn);
            known(faults, i, "mixer", mixer, mixers.keySet());
            known(faults, i, "ffn", ffn, ffns.keySet());
        }
        if (pattern.size() > layers && layers > 0) {
            faults.add(
                    "pattern",
                    "names " + pattern.size() + " layers, but the model has " + layers,
                    "shorten the pattern or raise model.layers");
        }
        unusedMixers.forEach(name -> faults.add("mixers." + name, "is not used by the pattern", "remove it or use it"));
        unusedFfns.forEach(name -> faults.add("ffns." + name, "is not used by the pattern", "remove it or use it"));
    }

    private static void known(Faults faults, int index, String kind, String name, Set<String> names) {
        if (!names.contains(name)) {
            faults.add("pattern." + index, "names the " + kind + " '" + name + "', known are " + names, "");
        }
    }

    private static void positive(Faults faults, String key, int value) {
        if (value < 1) {
            faults.add(key, "is " + value + ", must be at least 1", "");
        }
    }
}
