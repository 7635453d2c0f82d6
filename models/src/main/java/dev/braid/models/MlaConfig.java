package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.tensor.attention.AttentionOptions;
import dev.braid.tensor.attention.Heads;
import java.util.Optional;

/**
 * Multi-head latent attention (DeepSeek-AI 2024, arXiv 2405.04434, section 2.1): causal softmax attention whose keys and values are
 * made of one latent a token,
 *
 * <pre>
 * c = norm(W_DKV x),    k_h = [W_UK_h c ; rope(W_KR x)],    v_h = W_UV_h c
 * c_q = norm(W_DQ x),   q_h = [nope, rope(..)] of W_UQ_h c_q,    scores times 1 / sqrt(nope_size + rope_size)
 * </pre>
 *
 * <p>A decoder keeps {@code kv_rank + rope_size} numbers of a token, whatever the number of heads. FLOPs between positions are those
 * of heads with keys and values formed, as in training.
 */
@Choice("mla")
public record MlaConfig(
        @Key("Heads of queries, keys and values.") int heads,

        @Key(
                value = "Columns of the latent that queries are made of; none for queries of the input.",
                byDefault = "none")
        Optional<Integer> qRank,

        @Key("Columns of the latent that keys and values are made of.")
        int kvRank,

        @Key("Columns of a head of queries and keys that have no position.")
        int nopeSize,

        @Key("Columns of a head of queries and keys that turn with the position; all heads share those of the key.")
        int ropeSize,

        @Key(value = "Columns of a head of values.", derived = "nope_size")
        Optional<Integer> valueSize,

        @Key(
                value = "Rotary positions of the rope_size columns; none to leave them as they are.",
                byDefault = "{base: 10000}")
        Optional<RopeConfig> rope,

        @Key(
                value =
                        "Turn neighbouring columns against each other, as DeepSeek does; false turns columns that lie half"
                                + " of rope_size apart, as Llama does.",
                byDefault = "true")
        boolean interleaved,

        @Key(value = "Biases on the projections to the latents and on that of the output.", byDefault = "false")
        boolean bias,

        @Key(value = "Epsilon of the norms of the latents.", derived = "model.norm_eps")
        Optional<Double> normEps)
        implements MixerConfig {

    /** Columns of a head of values. */
    public int valueColumns() {
        return valueSize.orElse(nopeSize);
    }

    /** Columns of a head of queries and of keys. */
    public int keyColumns() {
        return nopeSize + ropeSize;
    }

    /** How scores are made; a YaRN stretch may scale them, as transformers does for DeepSeek-V3. */
    AttentionOptions options() {
        double factor = rope.flatMap(RopeConfig::scaling)
                .map(RopeScaling::latentScoreFactor)
                .orElse(1.0);
        return AttentionOptions.scaled((float) (factor / Math.sqrt(keyColumns())));
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
        HeadRules.positive(faults, path + ".heads", heads);
        qRank.ifPresent(rank -> HeadRules.positive(faults, path + ".q_rank", rank));
        boolean latent = HeadRules.positive(faults, path + ".kv_rank", kvRank);
        boolean nope = HeadRules.positive(faults, path + ".nope_size", nopeSize);
        boolean turned = HeadRules.positive(faults, path + ".rope_size", ropeSize);
        if (nope && turned) {
            HeadRules.size(faults, path + ".nope_size + rope_size", keyColumns());
        }
        valueSize.ifPresent(size -> HeadRules.size(faults, path + ".value_size", size));
        if (latent && turned && kvRank + ropeSize > Heads.WIDEST) {
            faults.add(
                    path + ".kv_rank",
                    "is " + kvRank + " and makes, with rope_size " + ropeSize + ", rows of " + (kvRank + ropeSize)
                            + " for a decoder to keep, the widest are " + Heads.WIDEST,
                    "512 and 64 are usual");
        }
        rope.filter(settings -> turned).ifPresent(settings -> validateRotation(settings, path, faults));
    }

    private void validateRotation(RopeConfig settings, String path, Faults faults) {
        if (settings.fraction() != 1) {
            faults.add(
                    path + ".rope.fraction",
                    "is " + settings.fraction() + ", but rope_size says how many columns turn",
                    "remove it");
        }
        if (ropeSize % 2 != 0) {
            faults.add(path + ".rope_size", "is " + ropeSize + ", but columns turn in pairs", "choose an even size");
        }
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new LatentAttentionMixer(this, construction, prefix);
    }
}
