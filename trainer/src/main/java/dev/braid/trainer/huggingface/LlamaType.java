package dev.braid.trainer.huggingface;

import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.huggingface.ConfigFile;
import dev.braid.checkpoint.huggingface.HuggingFaceModel;
import dev.braid.checkpoint.huggingface.LlamaFamily;
import dev.braid.checkpoint.huggingface.TensorMap;
import dev.braid.models.ModelConfig;
import java.util.List;
import java.util.OptionalInt;

/** The types {@code llama}, {@code qwen2} and {@code qwen3}. */
final class LlamaType implements HuggingFaceType {
    @Override
    public List<String> keys() {
        return List.of("llama", "qwen2", "qwen3");
    }

    @Override
    public ModelConfig read(ConfigFile file) throws InvalidFileException {
        return LlamaShapes.config(LlamaFamily.read(file));
    }

    @Override
    public TensorMap tensors(ModelConfig model) {
        return LlamaFamily.tensors(LlamaShapes.of(model, model.vocab().orElseThrow(), OptionalInt.empty()));
    }

    @Override
    public HuggingFaceModel describe(ModelConfig model, int vocabulary, OptionalInt endOfText) {
        try {
            return LlamaFamily.describe(LlamaShapes.of(model, vocabulary, endOfText));
        } catch (IllegalArgumentException problem) {
            throw new InexpressibleException(List.of(problem.getMessage()));
        }
    }
}
