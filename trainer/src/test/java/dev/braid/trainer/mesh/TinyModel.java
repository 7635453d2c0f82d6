package dev.braid.trainer.mesh;

import dev.braid.models.AttentionConfig;
import dev.braid.models.BalanceConfig;
import dev.braid.models.BalanceKind;
import dev.braid.models.BranchMix;
import dev.braid.models.FeedForwardConfig;
import dev.braid.models.GatedDeltaNetConfig;
import dev.braid.models.Mamba2Config;
import dev.braid.models.MixerConfig;
import dev.braid.models.ModelConfig;
import dev.braid.models.MoeConfig;
import dev.braid.models.MultiTokenConfig;
import dev.braid.models.ParallelMixerConfig;
import dev.braid.models.QkNorm;
import dev.braid.models.RopeConfig;
import dev.braid.models.RouterConfig;
import dev.braid.models.Rwkv7Config;
import dev.braid.models.RwkvChannelMixConfig;
import dev.braid.models.SharedExpertConfig;
import dev.braid.models.SoftmaxRouterConfig;
import dev.braid.models.SwiGluConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the layers of a small model are made of, to be trained on many layouts. Its shapes divide over two tensor ranks. */
enum TinyModel {
    /** Attention with grouped and normalised heads, and SwiGLU. */
    LLAMA("attn+mlp") {
        @Override
        Map<String, MixerConfig> mixers(int dim) {
            RopeConfig rope = new RopeConfig(10000);
            return Map.of(
                    "attn",
                    new AttentionConfig(dim / 8, Optional.of(2), Optional.empty(), Optional.of(rope), false, true));
        }
    },

    /** The same with two modules that predict further tokens, and a head of its own. */
    AHEAD("attn+mlp") {
        @Override
        Map<String, MixerConfig> mixers(int dim) {
            return LLAMA.mixers(dim);
        }

        @Override
        ModelConfig config(int dim, int hidden, int layers, boolean tied) {
            return super.config(dim, hidden, layers, false).withMtp(TWO);
        }
    },

    /** The same with tied embeddings. */
    AHEAD_TIED("attn+mlp") {
        @Override
        Map<String, MixerConfig> mixers(int dim) {
            return LLAMA.mixers(dim);
        }

        @Override
        ModelConfig config(int dim, int hidden, int layers, boolean tied) {
            return super.config(dim, hidden, layers, true).withMtp(TWO);
        }
    },

    /** Gated DeltaNet: convolutions, the delta rule, gated norms of heads. */
    GATED_DELTANET("delta+mlp") {
        @Override
        Map<String, MixerConfig> mixers(int dim) {
            return Map.of("delta", delta());
        }
    },

    /** Mamba-2 with one group of B and C, which both tensor ranks hold, and one norm over the width that they divide. */
    MAMBA2("ssm+mlp") {
        @Override
        Map<String, MixerConfig> mixers(int dim) {
            return Map.of("ssm", mamba2(1, Mamba2Config.GatedNorm.GATE_FIRST));
        }
    },

    /** RWKV-7 with its channel mixing: shifts, general erasing, and values of the first layer that all others read. */
    RWKV7("time+channels") {
        @Override
        Map<String, MixerConfig> mixers(int dim) {
            return Map.of("time", new Rwkv7Config(8, 4, 4, 4, 4, 1e-6));
        }

        @Override
        Map<String, FeedForwardConfig> feedForwards(int hidden) {
            return Map.of("channels", new RwkvChannelMixConfig(hidden));
        }
    },

    /** Layers in turn: Gated DeltaNet, and attention over a window with sinks and without positions. */
    SERIAL_HYBRID("delta+mlp", "local+mlp") {
        @Override
        Map<String, MixerConfig> mixers(int dim) {
            return Map.of("delta", delta(), "local", windowed(Optional.empty()));
        }
    },

    /** Mamba-2, with a group of B and C for each tensor rank, beside attention over a window; normalised, with learned factors. */
    PARALLEL_HYBRID("both+mlp") {
        @Override
        Map<String, MixerConfig> mixers(int dim) {
            MixerConfig both = new ParallelMixerConfig(
                    Map.of(
                            "ssm", mamba2(2, Mamba2Config.GatedNorm.NORM_FIRST),
                            "attn", windowed(Optional.of(new RopeConfig(10000)))),
                    BranchMix.LEARNED,
                    true,
                    Map.of("ssm", 0.5),
                    Map.of("attn", 1.5));
            return Map.of("both", both);
        }
    },

    /** Attention, and four experts of which a token takes two, kept busy by a bias and by the loss of each micro-batch. */
    MIXTURE("attn+mlp") {
        @Override
        Map<String, MixerConfig> mixers(int dim) {
            return LLAMA.mixers(dim);
        }

        @Override
        Map<String, FeedForwardConfig> feedForwards(int hidden) {
            return mixture(hidden, new BalanceConfig(BalanceKind.SWITCH, 0.01, 0.02, 0.001));
        }
    },

    /** The same, kept busy by the loss of the global batch. */
    GLOBAL_MIXTURE("attn+mlp") {
        @Override
        Map<String, MixerConfig> mixers(int dim) {
            return LLAMA.mixers(dim);
        }

        @Override
        Map<String, FeedForwardConfig> feedForwards(int hidden) {
            return mixture(hidden, new BalanceConfig(BalanceKind.GLOBAL, 0.05, 0, 0));
        }
    },

    /** Attention, and eight experts of which each token takes two, beside a gated one that all take. No balance loss. */
    EXPERTS("attn+moe") {
        @Override
        Map<String, MixerConfig> mixers(int dim) {
            return LLAMA.mixers(dim);
        }

        @Override
        Map<String, FeedForwardConfig> feedForwards(int hidden) {
            return Map.of(
                    "moe",
                    new MoeConfig(
                            8,
                            2,
                            hidden,
                            new SoftmaxRouterConfig(true, 1),
                            new BalanceConfig(BalanceKind.NONE, 0, 0, 0),
                            Optional.of(new SharedExpertConfig(20, true))));
        }
    };

    private static final Optional<MultiTokenConfig> TWO = Optional.of(new MultiTokenConfig(2, 0.5, Optional.empty()));

    private final List<String> pattern;

    TinyModel(String... pattern) {
        this.pattern = List.of(pattern);
    }

    abstract Map<String, MixerConfig> mixers(int dim);

    Map<String, FeedForwardConfig> feedForwards(int hidden) {
        return Map.of("mlp", new SwiGluConfig(hidden));
    }

    /** {@code layers} layers, of feed-forwards of width {@code hidden}, for sequences of {@link LayoutRun#LENGTH}. */
    ModelConfig config(int dim, int hidden, int layers, boolean tied) {
        return new ModelConfig(
                dim,
                layers,
                LayoutRun.LENGTH,
                tied,
                mixers(dim),
                feedForwards(hidden),
                pattern,
                Optional.empty(),
                1e-5,
                0.05);
    }

    private static Map<String, FeedForwardConfig> mixture(int hidden, BalanceConfig balance) {
        RouterConfig router = new SoftmaxRouterConfig(true, 1);
        return Map.of("mlp", new MoeConfig(4, 2, hidden / 2, router, balance, Optional.empty()));
    }

    private static MixerConfig delta() {
        return new GatedDeltaNetConfig(
                2, Optional.of(4), 8, Optional.of(16), Optional.of(4), true, true, Optional.empty());
    }

    private static MixerConfig mamba2(int groups, Mamba2Config.GatedNorm norm) {
        return new Mamba2Config(
                4, Optional.of(16), 8, groups, 4, true, false, false, norm, 1, 0, Optional.empty(), Optional.empty());
    }

    private static MixerConfig windowed(Optional<RopeConfig> rope) {
        return new AttentionConfig(
                4,
                Optional.of(2),
                Optional.of(8),
                rope,
                false,
                false,
                QkNorm.NONE,
                Optional.empty(),
                Optional.empty(),
                Optional.of(7),
                2,
                false);
    }
}
