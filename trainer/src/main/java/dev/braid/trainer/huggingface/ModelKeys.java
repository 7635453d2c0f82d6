package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Makes the keys of a file out of a model's sections. */
final class ModelKeys implements Keys {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ObjectNode model;
    private final ObjectNode file = JsonNodeFactory.instance.objectNode();
    private final Map<String, String> names = new HashMap<>();
    private final Set<String> unsaid = new LinkedHashSet<>();
    private final List<String> faults = new ArrayList<>();

    /** Takes values out of {@code model}, all of whose keys are there. */
    ModelKeys(ObjectNode model) {
        this.model = model;
    }

    ObjectNode file() {
        return file;
    }

    /** Why the type can't express the model. */
    List<String> faults() {
        return faults;
    }

    /** Keys of the model of which the file says nothing. */
    Set<String> unsaidKeys() {
        return unsaid;
    }

    @Override
    public ObjectNode model() {
        return model;
    }

    @Override
    public ObjectNode mixer(String name, String type, Predicate<ObjectNode> which) {
        return section("mixers", name, type, which).orElseGet(() -> missing("mixer", type));
    }

    @Override
    public Optional<ObjectNode> mixerIf(
            Predicate<ConfigFile> written, String name, String type, Predicate<ObjectNode> which) {
        return section("mixers", name, type, which);
    }

    @Override
    public ObjectNode branch(ObjectNode mixer, String name, String type) {
        JsonNode branch = mixer.path("branches").path(name);
        return type.equals(branch.path("type").textValue()) ? (ObjectNode) branch : missing("branch " + name, type);
    }

    @Override
    public ObjectNode ffn(String name, String type) {
        return ffnIf(name, type).orElseGet(() -> missing("feed-forward", type));
    }

    @Override
    public Optional<ObjectNode> ffnIf(String name, String type) {
        return section("ffns", name, type, section -> true);
    }

    private ObjectNode missing(String kind, String type) {
        faults.add("it has no " + kind + " of type " + type);
        return JsonNodeFactory.instance.objectNode();
    }

    private Optional<ObjectNode> section(String kind, String name, String type, Predicate<ObjectNode> which) {
        List<String> found = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : model.path(kind).properties()) {
            if (type.equals(entry.getValue().path("type").textValue()) && which.test((ObjectNode) entry.getValue())) {
                found.add(entry.getKey());
                names.put(entry.getKey(), name);
            }
        }
        if (found.isEmpty()) {
            return Optional.empty();
        }
        JsonNode first = model.path(kind).path(found.getFirst());
        for (String other : found) {
            if (!model.path(kind).path(other).equals(first)) {
                faults.add(kind + "." + found.getFirst() + " and " + kind + "." + other
                        + " differ, of which it has only one");
            }
        }
        return Optional.of((ObjectNode) first);
    }

    @Override
    public List<String> layers(Function<ConfigFile, List<String>> read, BiConsumer<List<String>, ObjectNode> write) {
        int count = model.path("layers").asInt();
        List<String> layers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            layers.add(Arrays.stream(Sections.layer(model, i).split("\\+", -1))
                    .map(name -> names.getOrDefault(name.strip(), "?" + name.strip()))
                    .collect(Collectors.joining("+")));
        }
        layers.stream()
                .filter(layer -> layer.contains("?"))
                .distinct()
                .forEach(layer -> faults.add("it has no layers like " + layer.replace("?", "")));
        write.accept(layers, file);
        return layers;
    }

    @Override
    public int count(String key, ObjectNode section, String name) {
        JsonNode value = Sections.get(section, name);
        if (!value.isInt()) {
            faults.add("it must have " + name);
            return 1;
        }
        return count(key, 1, section, name);
    }

    @Override
    public int count(String key, int otherwise, ObjectNode section, String name) {
        int value = Sections.get(section, name).asInt(otherwise);
        file.put(key, value);
        return value;
    }

    @Override
    public double number(String key, double otherwise, ObjectNode section, String name) {
        double value = Sections.get(section, name).asDouble(otherwise);
        file.put(key, value);
        return value;
    }

    @Override
    public void factor(String key, ObjectNode section, String name) {
        number(key, 1, section, name);
    }

    @Override
    public void factors(String key, ObjectNode section, List<String> names) {
        file.set(
                key,
                JSON.valueToTree(names.stream()
                        .map(name -> Sections.get(section, name).asDouble(1))
                        .toList()));
    }

    @Override
    public boolean flag(String key, boolean otherwise, ObjectNode section, String name) {
        boolean value = Sections.get(section, name).asBoolean(otherwise);
        file.put(key, value);
        return value;
    }

    @Override
    public void numberOrNone(String key, ObjectNode section, String name) {
        JsonNode value = Sections.get(section, name);
        if (value.isNumber()) {
            file.put(key, value.asDouble());
        } else {
            file.putNull(key);
        }
    }

    @Override
    public void derived(ObjectNode section, String name, Object value) {
        if (Sections.get(section, name).isMissingNode()) {
            Sections.put(section, name, value);
        }
    }

    @Override
    public void always(ObjectNode section, String name, Object value) {}

    @Override
    public void only(String key, Object value) {
        if (value != null) {
            file.set(key, JSON.valueToTree(value));
        }
    }

    @Override
    public void ignored(String... keys) {}

    @Override
    public void unsaid(ObjectNode section, String name, Object otherwise, String note) {
        unsaid.add(name);
    }

    @Override
    public void inFile(Consumer<ConfigFile> check) {}

    @Override
    public void inWritten(Consumer<ObjectNode> write) {
        write.accept(file);
    }

    @Override
    public void fault(String message) {
        faults.add(message);
    }
}
