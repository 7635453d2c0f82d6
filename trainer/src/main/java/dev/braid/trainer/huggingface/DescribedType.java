package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.huggingface.ConfigFile;
import dev.braid.checkpoint.huggingface.HuggingFaceModel;
import dev.braid.checkpoint.huggingface.TensorMap;
import dev.braid.models.Architecture;
import dev.braid.models.ModelConfig;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A type that says its keys and its tensors once, for both directions. What is written is read again and compared with the model:
 * a type that has no key for something thereby refuses models that set it.
 */
abstract class DescribedType implements HuggingFaceType {
    private final String type;
    private final String architecture;

    DescribedType(String type, String architecture) {
        this.type = type;
        this.architecture = architecture;
    }

    /** Says which keys of the file and of the model belong together. */
    abstract void describe(Keys keys);

    /** Says which tensors hold the parameters of {@code layer}, counted from 0, whose mixer and feed-forward have these names. */
    abstract void describe(Tensors tensors, int layer, String mixer);

    /** Says which tensors hold the parameters around the layers. */
    abstract void describe(Tensors tensors);

    @Override
    public final List<String> keys() {
        return List.of(type);
    }

    @Override
    public final ModelConfig read(ConfigFile file) throws InvalidFileException {
        file.type();
        file.requireArchitecture(architecture);
        FileKeys keys = new FileKeys(file);
        describe(keys);
        file.token("bos_token_id", OptionalInt.empty());
        file.token("eos_token_id", OptionalInt.empty());
        file.conclude();
        return Sections.model(file.path(), keys.sections());
    }

    @Override
    public final TensorMap tensors(ModelConfig model) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        new Architecture(model, model.vocab().orElseThrow(), DType.F32, 1, 0)
                .parameters()
                .specs()
                .forEach(spec -> shapes.put(spec.name(), spec.shape()));
        Tensors tensors = new Tensors(TensorMap.of(shapes));
        describe(tensors);
        List<ModelConfig.Layer> layers = model.arrangement();
        for (int i = 0; i < layers.size(); i++) {
            describe(tensors, i, layers.get(i).mixer());
        }
        return tensors.build();
    }

    @Override
    public final HuggingFaceModel describe(ModelConfig model, int vocabulary, OptionalInt endOfText) {
        ObjectNode sections = Sections.of(model);
        sections.put("vocab", vocabulary);
        ModelKeys keys = new ModelKeys(sections);
        keys.file().putArray("architectures").add(architecture);
        keys.file().put("model_type", type);
        describe(keys);
        if (!keys.faults().isEmpty()) {
            throw new InexpressibleException(keys.faults());
        }
        ModelConfig written = readAgain(keys.file());
        List<String> differences = SectionDifference.between(sections, Sections.of(written), keys.unsaidKeys());
        if (!differences.isEmpty()) {
            throw new InexpressibleException(differences);
        }
        keys.file().putNull("pad_token_id");
        return new HuggingFaceModel(keys.file(), tensors(written), model.context(), endOfText, OptionalInt.empty());
    }

    private ModelConfig readAgain(ObjectNode written) {
        try {
            return read(ConfigFile.parse("config.json", written.toString()));
        } catch (InvalidFileException problem) {
            List<String> reasons = new ArrayList<>(
                    problem.getMessage().lines().map(String::strip).toList());
            throw new InexpressibleException(reasons.subList(1, reasons.size()));
        }
    }
}
