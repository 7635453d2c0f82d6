package dev.braid.checkpoint.huggingface;

import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * A parameter under both of its names.
 *
 * @param braid global name in Braid
 * @param huggingFace name in a Hugging Face folder
 * @param shape extents, the same in both: a projection is [outputs, inputs]
 */
record Parameter(String braid, String huggingFace, Shape shape) {
    static final String EMBEDDING = "model.embed_tokens.weight";
    static final String HEAD = "lm_head.weight";

    /** All parameters of a model, in the order in which they are used. */
    static List<Parameter> of(LlamaShape shape) {
        List<Parameter> all = new ArrayList<>();
        all.add(new Parameter("embedding.weight", EMBEDDING, Shape.of(shape.vocab(), shape.dim())));
        for (int layer = 0; layer < shape.layers(); layer++) {
            addLayer(all, "layers." + layer + ".", "model.layers." + layer + ".", shape);
        }
        all.add(new Parameter("norm.weight", "model.norm.weight", Shape.of(shape.dim())));
        if (!shape.tied()) {
            all.add(new Parameter("head.weight", HEAD, Shape.of(shape.vocab(), shape.dim())));
        }
        return all;
    }

    private static void addLayer(List<Parameter> all, String braid, String other, LlamaShape shape) {
        long dim = shape.dim();
        long queries = (long) shape.heads() * shape.headSize();
        long keys = (long) shape.kvHeads() * shape.headSize();
        all.add(new Parameter(braid + "mixer_norm.weight", other + "input_layernorm.weight", Shape.of(dim)));
        addProjection(all, braid + "mixer.q", other + "self_attn.q_proj", queries, shape);
        addProjection(all, braid + "mixer.k", other + "self_attn.k_proj", keys, shape);
        addProjection(all, braid + "mixer.v", other + "self_attn.v_proj", keys, shape);
        if (shape.qkNorm()) {
            Shape head = Shape.of(shape.headSize());
            all.add(new Parameter(braid + "mixer.q_norm.weight", other + "self_attn.q_norm.weight", head));
            all.add(new Parameter(braid + "mixer.k_norm.weight", other + "self_attn.k_norm.weight", head));
        }
        all.add(new Parameter(
                braid + "mixer.output.weight", other + "self_attn.o_proj.weight", Shape.of(dim, queries)));
        all.add(new Parameter(braid + "ffn_norm.weight", other + "post_attention_layernorm.weight", Shape.of(dim)));
        Shape inner = Shape.of(shape.hidden(), dim);
        all.add(new Parameter(braid + "ffn.gate.weight", other + "mlp.gate_proj.weight", inner));
        all.add(new Parameter(braid + "ffn.up.weight", other + "mlp.up_proj.weight", inner));
        all.add(new Parameter(
                braid + "ffn.down.weight", other + "mlp.down_proj.weight", Shape.of(dim, shape.hidden())));
    }

    private static void addProjection(List<Parameter> all, String braid, String other, long outputs, LlamaShape shape) {
        all.add(new Parameter(braid + ".weight", other + ".weight", Shape.of(outputs, shape.dim())));
        if (shape.qkvBias()) {
            all.add(new Parameter(braid + ".bias", other + ".bias", Shape.of(outputs)));
        }
    }
}
