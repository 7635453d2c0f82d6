package dev.braid.trainer.huggingface;

import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.huggingface.ConfigFile;
import dev.braid.checkpoint.huggingface.HuggingFaceModel;
import dev.braid.checkpoint.huggingface.TensorMap;
import dev.braid.models.ModelConfig;
import java.util.List;
import java.util.OptionalInt;

/** Values of {@code model_type} that Braid reads and writes. Immutable. */
interface HuggingFaceType {
    /** The values of {@code model_type}. */
    List<String> keys();

    /**
     * The model in {@code file}, its vocabulary included. Throws {@link InvalidFileException} that lists everything that Braid does
     * not have.
     */
    ModelConfig read(ConfigFile file) throws InvalidFileException;

    /** Where the parameters of a model that {@link #read} gave are. */
    TensorMap tensors(ModelConfig model);

    /** What is written of {@code model}. Throws {@link InexpressibleException} when the type can't express it. */
    HuggingFaceModel describe(ModelConfig model, int vocabulary, OptionalInt endOfText);
}
