package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.huggingface.ConfigFile;
import dev.braid.checkpoint.huggingface.HuggingFaceModel;
import dev.braid.checkpoint.huggingface.LlamaFamily;
import dev.braid.checkpoint.huggingface.LlamaShape;
import dev.braid.checkpoint.huggingface.TensorMap;
import dev.braid.models.ModelConfig;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** The types {@code llama}, {@code qwen2} and {@code qwen3}, by the shape that the three have in common. */
final class LlamaType implements HuggingFaceType {
    private static final String HEAD = "head";

    @Override
    public List<String> keys() {
        return List.of("llama", "qwen2", "qwen3");
    }

    @Override
    public ModelConfig read(ConfigFile file) throws InvalidFileException {
        return Sections.model(file.path(), sections(LlamaFamily.read(file)));
    }

    @Override
    public TensorMap tensors(ModelConfig model) {
        return LlamaFamily.tensors(shape(model, model.vocab().orElseThrow(), OptionalInt.empty()));
    }

    @Override
    public HuggingFaceModel describe(ModelConfig model, int vocabulary, OptionalInt endOfText) {
        try {
            return LlamaFamily.describe(shape(model, vocabulary, endOfText));
        } catch (InexpressibleException problem) {
            throw problem;
        } catch (IllegalArgumentException problem) {
            throw new InexpressibleException(List.of(problem.getMessage()));
        }
    }

    /** The shape of a model whose layers are all alike. */
    private static LlamaShape shape(ModelConfig model, int vocabulary, OptionalInt endOfText) {
        ObjectNode sections = Sections.of(model);
        ModelKeys keys = new ModelKeys(sections);
        ObjectNode attention = keys.mixer("attn", "attention");
        ObjectNode mlp = keys.ffn("mlp", "swiglu");
        keys.layers(file -> List.of(), (layers, file) -> {});
        if (!keys.faults().isEmpty()) {
            throw new InexpressibleException(keys.faults());
        }
        int heads = attention.path("heads").asInt();
        keys.derived(attention, "kv_heads", heads);
        keys.derived(attention, "head_size", model.dim() / heads);
        double rootOfSize = Math.sqrt(attention.path("head_size").asDouble());
        keys.derived(attention, "scale", 1 / rootOfSize);
        LlamaShape shape = new LlamaShape(
                vocabulary,
                model.dim(),
                model.layers(),
                heads,
                attention.path("kv_heads").asInt(),
                attention.path("head_size").asInt(),
                mlp.path("hidden").asInt(),
                model.context(),
                Sections.get(attention, "rope.base").asDouble(10000),
                model.normEps(),
                model.tieEmbeddings(),
                attention.path("qkv_bias").asBoolean(),
                HEAD.equals(attention.path("qk_norm").textValue()),
                endOfText,
                OptionalInt.empty());
        requireSame(sections, shape);
        return shape;
    }

    private static void requireSame(ObjectNode sections, LlamaShape shape) {
        try {
            ObjectNode same = Sections.of(Sections.model("config.json", sections(shape)));
            List<String> differences = SectionDifference.between(sections, same, Set.of());
            if (!differences.isEmpty()) {
                throw new InexpressibleException(differences);
            }
        } catch (InvalidFileException problem) {
            throw new InexpressibleException(List.of(problem.getMessage()));
        }
    }

    /** The model of that shape. */
    private static ObjectNode sections(LlamaShape shape) {
        ObjectNode model = JsonNodeFactory.instance.objectNode();
        model.put("dim", shape.dim());
        model.put("layers", shape.layers());
        model.put("context", shape.context());
        model.put("vocab", shape.vocab());
        model.put("norm_eps", shape.normEpsilon());
        model.put("tie_embeddings", shape.tied());
        ObjectNode attention = model.putObject("mixers").putObject("attn").put("type", "attention");
        attention.put("heads", shape.heads());
        attention.put("kv_heads", shape.kvHeads());
        attention.put("head_size", shape.headSize());
        attention.putObject("rope").put("base", shape.ropeBase());
        attention.put("qkv_bias", shape.qkvBias());
        attention.put("qk_norm", shape.qkNorm() ? HEAD : Sections.NONE);
        attention.put("scale", 1 / Math.sqrt(shape.headSize()));
        model.putObject("ffns").putObject("mlp").put("type", "swiglu").put("hidden", shape.hidden());
        model.putArray("pattern").add("attn+mlp");
        return model;
    }
}
