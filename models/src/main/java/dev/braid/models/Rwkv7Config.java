package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;

/**
 * The time mixing of RWKV-7 (Peng et al. 2025, arXiv 2503.14456): a state S for each head, of which a token erases what it finds
 * along its removal key, by a rate of its own for each row, and to which it writes another key.
 *
 * <pre>
 * x_i = x_t + (x_{t-1} - x_t) mu_i                       for i = r, w, k, v, a, g
 * r, k, v = W_r x_r, W_k x_k, W_v x_v
 * log w = -e^-1/2 sigmoid(w_0 + W_w2 tanh(W_w1 x_w))       decay of each row
 * a = sigmoid(a_0 + W_a2 W_a1 x_a),   g = W_g2 sigmoid(W_g1 x_g)
 * v = v + (v_first - v) sigmoid(v_0 + W_v2 W_v1 x_v)       v_first: v of the first such layer, which has no such step
 * kappa = k k_k / sqrt(|k k_k|^2 + eps) of each head,   k = k (1 + (a - 1) k_a)
 * S_t = Diag(w) S_{t-1} - (kappa a) (kappa^T S_{t-1}) + k v^T,   o = S_t^T r
 * out = W_o ((GroupNorm(o) + v sum(r k r_k)) g)             norm and sum of each head
 * </pre>
 *
 * <p>Beside the weights, a token costs four products of the size of the state in each head, {@code 8 * dim * head_size} operations
 * forward. A decoder keeps the state and the last input: {@code dim * (head_size + 1)} numbers, whatever the length.
 */
@Choice("rwkv7")
public record Rwkv7Config(
        @Key(value = "Size of a head, a divisor of dim.", byDefault = "64")
        int headSize,

        @Key(value = "Columns of the low-rank projection of the decay.", byDefault = "64")
        int decayRank,

        @Key(value = "Columns of the low-rank projection of the rate of erasing.", byDefault = "64")
        int rateRank,

        @Key(value = "Columns of the low-rank projection that mixes values with the first layer's.", byDefault = "16")
        int valueRank,

        @Key(value = "Columns of the low-rank projection of the output gate.", byDefault = "128")
        int gateRank,

        @Key(
                value = "Added to the squared length of a removal key before it is divided by its length.",
                byDefault = "1.0e-6")
        double keyEps)
        implements MixerConfig {

    private static final int LARGEST_HEAD = 256;

    @Override
    public void validate(int dim, String path, Faults faults) {
        if (headSize < 1 || headSize > LARGEST_HEAD || dim % headSize != 0) {
            faults.add(
                    path + ".head_size",
                    "is " + headSize + ", must be 1 to " + LARGEST_HEAD + " and divide model.dim " + dim,
                    "64 is usual");
        }
        positive(faults, path + ".decay_rank", decayRank);
        positive(faults, path + ".rate_rank", rateRank);
        positive(faults, path + ".value_rank", valueRank);
        positive(faults, path + ".gate_rank", gateRank);
        if (!(keyEps > 0)) {
            faults.add(path + ".key_eps", "is " + keyEps + ", must be above 0", "1.0e-6 is usual");
        }
    }

    private static void positive(Faults faults, String key, int rank) {
        if (rank < 1) {
            faults.add(key, "is " + rank + ", must be at least 1", "");
        }
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new Rwkv7Mixer(this, construction, prefix);
    }
}
