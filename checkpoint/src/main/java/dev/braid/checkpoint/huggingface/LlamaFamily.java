package dev.braid.checkpoint.huggingface;

import dev.braid.checkpoint.InvalidFileException;
import dev.braid.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/** The types {@code llama}, {@code qwen2} and {@code qwen3} of transformers, whose parameters have the same names. */
public final class LlamaFamily {
    private LlamaFamily() {}

    /** The shape of the model in {@code file}. Throws {@link InvalidFileException} that lists everything that Braid does not have. */
    public static LlamaShape read(ConfigFile file) throws InvalidFileException {
        return ConfigReader.read(file);
    }

    /** What is written of a model. Throws {@link IllegalArgumentException} with the reason when no type expresses it. */
    public static HuggingFaceModel describe(LlamaShape shape) {
        return new HuggingFaceModel(
                ConfigWriter.model(shape), tensors(shape), shape.context(), shape.eos(), shape.bos());
    }

    /** Where the parameters of a model are. */
    public static TensorMap tensors(LlamaShape shape) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        Parameter.of(shape).forEach(parameter -> shapes.put(parameter.braid(), parameter.shape()));
        TensorMap.Builder map = TensorMap.of(shapes);
        Parameter.of(shape).forEach(parameter -> map.put(parameter.huggingFace(), parameter.braid()));
        if (shape.tied()) {
            map.copy(Parameter.HEAD, Parameter.EMBEDDING);
        }
        return map.build();
    }
}
