package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.tensor.attention.AttentionOptions;
import dev.braid.tensor.attention.Window;
import java.util.List;
import java.util.Optional;

/**
 * Causal softmax attention (Vaswani et al. 2017, arXiv 1706.03762): multi-head, grouped (fewer KV heads, Ainslie et al. 2023,
 * arXiv 2305.13245) or multi-query (one KV head), over all earlier positions or a window of them.
 */
@Choice("attention")
public record AttentionConfig(
        @Key("Query heads.") int heads,

        @Key(value = "Key and value heads, a divisor of heads.", derived = "heads")
        Optional<Integer> kvHeads,

        @Key(value = "Size of a head.", derived = "dim / heads")
        Optional<Integer> headSize,

        @Key(value = "Rotary positions; none for a layer without positions.", byDefault = "{base: 10000}")
        Optional<RopeConfig> rope,

        @Key(value = "Biases on the query, key and value projections.", byDefault = "false")
        boolean qkvBias,

        @Key(value = "Bias on the output projection.", byDefault = "false")
        boolean outputBias,

        @Key(
                value =
                        "RMSNorm of queries and keys before the rotation: over each head alone, or over the width of all"
                                + " heads together.",
                byDefault = "none")
        QkNorm qkNorm,

        @Key(value = "Factor of the scores.", derived = "1 / sqrt(head size)")
        Optional<Double> scale,

        @Key(value = "Soft cap of the scores s, which become cap * tanh(s / cap).", byDefault = "none")
        Optional<Double> cap,

        @Key(value = "Positions that a token sees, its own included; none for all before it.", byDefault = "none")
        Optional<Integer> window,

        @Key(value = "First positions of the sequence that stay visible beside the window.", byDefault = "0")
        int sinks,

        @Key(value = "Multiply what the heads give by the sigmoid of a further projection.", byDefault = "false")
        boolean gate)
        implements MixerConfig {

    private static final int LARGEST_HEAD = 256;

    /** Attention over all earlier positions, its queries and keys normalised over each head or not at all. */
    public AttentionConfig(
            int heads,
            Optional<Integer> kvHeads,
            Optional<Integer> headSize,
            Optional<RopeConfig> rope,
            boolean qkvBias,
            boolean headNorm) {
        this(
                heads,
                kvHeads,
                headSize,
                rope,
                qkvBias,
                false,
                headNorm ? QkNorm.HEAD : QkNorm.NONE,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                false);
    }

    /** Key and value heads. */
    public int keyValueHeads() {
        return kvHeads.orElse(heads);
    }

    /** Size of a head in a model of width {@code dim}. */
    public int headSize(int dim) {
        return headSize.orElse(dim / heads);
    }

    /** How scores are made and which count, in a model of width {@code dim}. */
    AttentionOptions options(int dim) {
        AttentionOptions usual = AttentionOptions.of(headSize(dim));
        return new AttentionOptions(
                scale.map(Double::floatValue).orElse(usual.scale()),
                cap.map(Double::floatValue).orElse(AttentionOptions.UNCAPPED),
                window.map(length -> new Window(length, sinks)).orElse(Window.ALL));
    }

    /**
     * Whether {@code ranks} of the tensor axis can divide the heads so that each has the KV heads of its query heads, and no
     * others. Where there are fewer KV heads than ranks, ranks hold copies of one, and its query heads are divided evenly over
     * them; a norm over their width would count copies twice and forbids them.
     */
    public boolean dividesOver(int ranks) {
        int groups = keyValueHeads();
        if (groups < ranks && qkNorm == QkNorm.WIDTH) {
            return false;
        }
        return groups >= ranks || ranks % groups == 0 && heads / groups % (ranks / groups) == 0;
    }

    /** Query heads that stay on one rank of {@code ranks}: all of a KV head, unless ranks hold copies of it. */
    int headsTogether(int ranks) {
        return keyValueHeads() >= ranks ? heads / keyValueHeads() : 1;
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new AttentionMixer(this, construction, prefix);
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
        validateScores(path, faults);
        if (heads < 1) {
            faults.add(path + ".heads", "is " + heads + ", must be at least 1", "");
            return;
        }
        int groups = keyValueHeads();
        if (groups < 1 || heads % groups != 0) {
            faults.add(
                    path + ".kv_heads",
                    "is " + groups + ", which does not divide heads " + heads,
                    "allowed: " + divisors(heads));
        }
        if (headSize.isEmpty() && dim % heads != 0) {
            faults.add(
                    path + ".heads",
                    "is " + heads + ", which does not divide model.dim " + dim,
                    "set heads to one of " + divisors(dim) + ", or give head_size");
            return;
        }
        int size = headSize(dim);
        if (size < 1 || size > LARGEST_HEAD) {
            faults.add(
                    path + (headSize.isPresent() ? ".head_size" : ".heads"),
                    "makes heads of size " + size + ", allowed are 1 to " + LARGEST_HEAD,
                    "");
        } else {
            rope.ifPresent(settings -> validateRotation(settings, size, path, faults));
        }
    }

    private void validateScores(String path, Faults faults) {
        scale.filter(factor -> !(factor > 0))
                .ifPresent(factor -> faults.add(
                        path + ".scale", "is " + factor + ", must be above 0", "leave it out for 1 / sqrt(head size)"));
        cap.filter(bound -> !(bound > 0))
                .ifPresent(bound ->
                        faults.add(path + ".cap", "is " + bound + ", must be above 0", "50 is usual, none for no cap"));
        window.filter(length -> length < 1)
                .ifPresent(length -> faults.add(
                        path + ".window",
                        "is " + length + ", must be at least 1, for a token sees itself",
                        "none for all positions"));
        if (sinks < 0) {
            faults.add(path + ".sinks", "is " + sinks + ", must be at least 0", "4 is usual");
        } else if (sinks > 0 && window.isEmpty()) {
            faults.add(
                    path + ".sinks",
                    "is " + sinks + ", but without a window all positions stay visible",
                    "set window, or remove sinks");
        }
    }

    private void validateRotation(RopeConfig settings, int size, String path, Faults faults) {
        if (settings.fraction() == 1 && size % 2 != 0) {
            faults.add(
                    path + (headSize.isPresent() ? ".head_size" : ".heads"),
                    "makes heads of size " + size + ", but rotary positions need an even size",
                    "choose an even head size, or rope: none");
        } else {
            HeadRules.rotatedPart(faults, path, settings, size);
        }
    }

    @Override
    public List<String> tensorProblems(ModelConfig model, String name, int ranks) {
        int groups = keyValueHeads();
        if (ranks > heads) {
            return List.of("more tensor ranks than the " + heads + " heads of " + name);
        } else if (heads % ranks != 0) {
            return List.of("which does not divide the " + heads + " heads of " + name);
        } else if (groups % ranks != 0 && ranks % groups != 0) {
            return List.of("but the " + groups + " key and value heads of " + name
                    + " can be neither divided over so many ranks nor repeated evenly on them");
        }
        if (groups < ranks && qkNorm == QkNorm.WIDTH) {
            return List.of("more ranks than the " + groups + " key and value heads of " + name
                    + ", which qk_norm: width normalises together");
        }
        return List.of();
    }

    private static String divisors(int number) {
        StringBuilder text = new StringBuilder();
        for (int i = 1; i <= number && i <= 1024; i++) {
            if (number % i == 0) {
                text.append(text.isEmpty() ? "" : ", ").append(i);
            }
        }
        return text.toString();
    }
}
