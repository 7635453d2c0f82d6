package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.InvalidFileException;
import dev.braid.config.ConfigException;
import dev.braid.config.ConfigReader;
import dev.braid.config.ConfigWriter;
import dev.braid.models.ModelConfig;
import java.util.List;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** A model's config as a tree of its YAML keys. */
final class Sections {
    /** What the YAML says where an optional value is not there. */
    static final String NONE = "none";

    private static final Pattern EMPTY = Pattern.compile(":\"(" + NONE + "|sqrt_dim)\"");
    private static final ObjectMapper JSON = new ObjectMapper();

    private Sections() {}

    /** All keys of {@code model}, those by default too. */
    static ObjectNode of(ModelConfig model) {
        Object tree = new Yaml(new SafeConstructor(new LoaderOptions())).load(ConfigWriter.toYaml(model));
        return JSON.valueToTree(tree);
    }

    /** The model that the keys of {@code tree} make. Throws {@link InvalidFileException} that says what Braid does not have. */
    static ModelConfig model(String path, ObjectNode tree) throws InvalidFileException {
        try {
            // JSON is YAML, but a word that stands for an empty value must not be quoted.
            String yaml = EMPTY.matcher(tree.toString()).replaceAll(": $1");
            return ConfigReader.of(ModelConfig.class).parse(path, yaml, List.of());
        } catch (ConfigException problem) {
            throw new InvalidFileException(
                    path + " describes a model that Braid does not have:\n" + problem.getMessage(), problem);
        }
    }

    /** The value at {@code name}, which may have dots; missing when it is none or not there. */
    static JsonNode get(ObjectNode section, String name) {
        JsonNode node = section;
        for (String part : name.split("\\.", -1)) {
            node = node.path(part);
        }
        return NONE.equals(node.textValue()) ? MissingNode.getInstance() : node;
    }

    /** Sets the value at {@code name}, which may have dots. */
    static void put(ObjectNode section, String name, Object value) {
        int dot = name.indexOf('.');
        if (dot < 0) {
            section.set(name, JSON.valueToTree(value));
        } else {
            put(section.withObjectProperty(name.substring(0, dot)), name.substring(dot + 1), value);
        }
    }

    /** How {@code model} names its layer at {@code index}, counted from 0. */
    static String layer(JsonNode model, int index) {
        JsonNode first = model.path("first_layers");
        JsonNode pattern = model.path("pattern");
        return index < first.size()
                ? first.path(index).asText()
                : pattern.path((index - first.size()) % pattern.size()).asText();
    }
}
