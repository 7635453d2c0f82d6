package dev.braid.trainer.huggingface;

import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.huggingface.ConfigFile;
import dev.braid.checkpoint.huggingface.HuggingFaceModel;
import dev.braid.checkpoint.huggingface.TensorMap;
import dev.braid.models.ModelConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** All types that Braid reads and writes. */
public final class HuggingFaceTypes {
    private static final List<HuggingFaceType> TYPES = List.of(
            new LlamaType(),
            new Gemma3TextType(),
            new Mamba2Type(),
            new BambaType(),
            new FalconH1Type(),
            new OlmoHybridType(),
            new MixtralType(),
            QwenMoeType.qwen2(),
            QwenMoeType.qwen3(),
            new Qwen3NextType(),
            new GraniteMoeHybridType(),
            new RetNetType(),
            new GlaType(),
            new Hgrn2Type(),
            new DeltaNetType(),
            new GatedDeltaNetType(),
            new KimiDeltaType(),
            new Rwkv7Type());

    private HuggingFaceTypes() {}

    /**
     * A model in a folder.
     *
     * @param model its config
     * @param vocabulary number of token ids
     * @param tensors where its parameters are
     * @param notes what the user should know, one sentence each
     */
    public record ModelFolder(ModelConfig model, int vocabulary, TensorMap tensors, List<String> notes) {}

    /** Reads the {@code config.json} of {@code folder}. Throws {@link InvalidFileException} with everything that Braid does not have. */
    public static ModelFolder read(Path folder) throws IOException {
        ConfigFile file = ConfigFile.read(folder);
        String name = file.type();
        for (HuggingFaceType type : TYPES) {
            if (type.keys().contains(name)) {
                ModelConfig model = type.read(file);
                return new ModelFolder(model, model.vocab().orElseThrow(), type.tensors(model), file.notes());
            }
        }
        file.fault("model_type", file.shown("model_type") + " is not supported; allowed are " + names());
        throw file.refusal();
    }

    /**
     * What is written of a model, as the first type that expresses it.
     *
     * @throws IllegalArgumentException when no type does, with what the type that comes nearest does not have
     */
    public static HuggingFaceModel describe(ModelConfig model, int vocabulary, OptionalInt endOfText) {
        String nearest = "";
        List<String> reasons = List.of();
        int distance = Integer.MAX_VALUE;
        for (HuggingFaceType type : TYPES) {
            try {
                return type.describe(model, vocabulary, endOfText);
            } catch (InexpressibleException problem) {
                if (problem.distance() < distance) {
                    distance = problem.distance();
                    nearest = String.join(", ", type.keys());
                    reasons = problem.reasons();
                }
            }
        }
        throw new IllegalArgumentException("no Hugging Face type is like this model. The nearest is " + nearest
                + ":\n  " + String.join("\n  ", reasons));
    }

    private static String names() {
        List<String> names = new ArrayList<>();
        TYPES.forEach(type -> names.addAll(type.keys()));
        return names.stream().collect(Collectors.joining(", "));
    }
}
