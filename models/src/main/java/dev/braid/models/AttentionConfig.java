package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import java.util.Optional;

/** Causal softmax attention: multi-head, grouped (fewer KV heads) or multi-query (one KV head). */
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

        @Key(value = "RMSNorm over each query and key head before the rotation.", byDefault = "false")
        boolean qkNorm)
        implements MixerConfig {

    private static final int LARGEST_HEAD = 256;

    /** Key and value heads. */
    public int keyValueHeads() {
        return kvHeads.orElse(heads);
    }

    /** Size of a head in a model of width {@code dim}. */
    public int headSize(int dim) {
        return headSize.orElse(dim / heads);
    }

    /**
     * Whether {@code ranks} of the tensor axis can divide the heads so that each has the KV heads of its query heads, and no
     * others. Where there are fewer KV heads than ranks, ranks hold copies of one, and its query heads are divided evenly over
     * them.
     */
    public boolean dividesOver(int ranks) {
        int groups = keyValueHeads();
        return groups >= ranks || ranks % groups == 0 && heads / groups % (ranks / groups) == 0;
    }

    /** Query heads that stay on one rank of {@code ranks}: all of a KV head, unless ranks hold copies of it. */
    int headsTogether(int ranks) {
        return keyValueHeads() >= ranks ? heads / keyValueHeads() : 1;
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
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
        } else if (rope.isPresent() && size % 2 != 0) {
            faults.add(
                    path + (headSize.isPresent() ? ".head_size" : ".heads"),
                    "makes heads of size " + size + ", but rotary positions need an even size",
                    "choose an even head size, or rope: none");
        }
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new AttentionMixer(this, construction, prefix);
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
