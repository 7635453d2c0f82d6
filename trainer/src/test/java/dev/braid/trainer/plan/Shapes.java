package dev.braid.trainer.plan;

import dev.braid.models.AttentionConfig;
import dev.braid.models.ModelConfig;
import dev.braid.models.RopeConfig;
import dev.braid.models.Rwkv7Config;
import dev.braid.models.RwkvChannelMixConfig;
import dev.braid.models.SwiGluConfig;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Models and plans that tests share. */
final class Shapes {
    private Shapes() {}

    /**
     * A GPT as Korthikanti et al. (2022, arXiv 2205.05198) train them. Its feed-forward of width 4 h has as many weights, and keeps
     * as many activations, as a SwiGLU of width 8 h / 3.
     */
    static ModelConfig gpt(int layers, int dim, int heads) {
        return new ModelConfig(
                dim,
                layers,
                2048,
                true,
                Map.of("attn", attention(heads, heads)),
                Map.of("mlp", new SwiGluConfig(Math.round(8f * dim / 3))),
                List.of("attn+mlp"),
                Optional.of(51200),
                1e-5,
                0.02);
    }

    /** Four layers of width 1024, with a table of 32,000 tokens that is also the head. */
    static ModelConfig small() {
        return new ModelConfig(
                1024,
                4,
                1024,
                true,
                Map.of("attn", attention(16, 4)),
                Map.of("mlp", new SwiGluConfig(2816)),
                List.of("attn+mlp"),
                Optional.of(32000),
                1e-5,
                0.02);
    }

    private static AttentionConfig attention(int heads, int kvHeads) {
        return new AttentionConfig(
                heads, Optional.of(kvHeads), Optional.empty(), Optional.of(new RopeConfig(10000)), false, false);
    }

    /** Sixteen sequences of 1024 tokens in bf16, at stage 3, without recomputation, on ranks of two cores. */
    static PlanInput small(Mesh mesh, int microbatch) {
        return input(small(), mesh, microbatch);
    }

    /** The same with RWKV-7's layers. */
    static PlanInput rwkv(Mesh mesh, int microbatch) {
        ModelConfig model = new ModelConfig(
                1024,
                4,
                1024,
                true,
                Map.of("time", new Rwkv7Config(64, 64, 64, 16, 128, 1e-6)),
                Map.of("channels", new RwkvChannelMixConfig(4096)),
                List.of("time+channels"),
                Optional.of(32000),
                1e-5,
                0.02);
        return input(model, mesh, microbatch);
    }

    private static PlanInput input(ModelConfig model, Mesh mesh, int microbatch) {
        return new PlanInput(
                model,
                32000,
                DType.BF16,
                mesh,
                new PlanInput.Sharding(mesh.shard() > 1 ? 3 : 0, mesh.shard() > 1, false, DType.F32),
                new PlanInput.Step(16, microbatch, 1024, false),
                2,
                OptionalInt.empty());
    }

    /** {@code sequences} of 2048 tokens of a {@link #gpt}, one at a time. */
    static PlanInput gpt(ModelConfig model, Mesh mesh, int sequences) {
        return new PlanInput(
                model,
                51200,
                DType.BF16,
                mesh,
                new PlanInput.Sharding(0, false, false, DType.F32),
                new PlanInput.Step(sequences, 1, 2048, false),
                1,
                OptionalInt.empty());
    }
}
