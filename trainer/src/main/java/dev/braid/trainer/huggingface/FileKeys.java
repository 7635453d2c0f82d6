package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

/** Makes a model's sections out of a file. */
final class FileKeys implements Keys {
    private static final String MIXERS = "mixers";
    private static final String FFNS = "ffns";
    private static final String NORMS = "norms";

    private final ConfigFile file;
    private final ObjectNode model = JsonNodeFactory.instance.objectNode();
    private List<String> layers = List.of();

    FileKeys(ConfigFile file) {
        this.file = file;
    }

    /** The sections of the model, without mixers that no layer has. */
    ObjectNode sections() {
        ObjectNode sections = model.deepCopy();
        List<String> used = layers.stream()
                .flatMap(layer -> Arrays.stream(layer.split("\\+", -1)))
                .toList();
        sections.withObjectProperty(MIXERS).retain(used);
        sections.withObjectProperty(FFNS).retain(used);
        if (sections.has(NORMS)) {
            sections.withObjectProperty(NORMS).retain(used);
        }
        putLayers(sections);
        return sections;
    }

    /** The fewest names that give all layers: first ones, as few as will do, and a row that is repeated over the others. */
    private void putLayers(ObjectNode sections) {
        int first = 0;
        List<String> pattern = pattern(layers);
        for (int i = 1; i < layers.size(); i++) {
            List<String> behind = pattern(layers.subList(i, layers.size()));
            if (i + behind.size() < first + pattern.size()) {
                first = i;
                pattern = behind;
            }
        }
        if (first > 0) {
            layers.subList(0, first).forEach(sections.putArray("first_layers")::add);
        }
        pattern.forEach(sections.putArray("pattern")::add);
    }

    /** The shortest row that gives {@code all} when it is repeated. */
    private static List<String> pattern(List<String> all) {
        for (int length = 1; length < all.size(); length++) {
            boolean repeats = true;
            for (int i = length; i < all.size(); i++) {
                repeats &= all.get(i).equals(all.get(i % length));
            }
            if (repeats) {
                return all.subList(0, length);
            }
        }
        return all;
    }

    @Override
    public ObjectNode model() {
        return model;
    }

    @Override
    public ObjectNode mixer(String name, String type, Predicate<ObjectNode> which) {
        return model.withObjectProperty(MIXERS).putObject(name).put("type", type);
    }

    @Override
    public Optional<ObjectNode> mixerIf(
            Predicate<ConfigFile> written, String name, String type, Predicate<ObjectNode> which) {
        return written.test(file) ? Optional.of(mixer(name, type)) : Optional.empty();
    }

    @Override
    public ObjectNode branch(ObjectNode mixer, String name, String type) {
        return mixer.withObjectProperty("branches").putObject(name).put("type", type);
    }

    @Override
    public ObjectNode ffn(String name, String type) {
        return model.withObjectProperty(FFNS).putObject(name).put("type", type);
    }

    @Override
    public Optional<ObjectNode> ffnIf(String name, String type) {
        return Optional.of(ffn(name, type));
    }

    @Override
    public List<String> layers(Function<ConfigFile, List<String>> read, BiConsumer<List<String>, ObjectNode> write) {
        layers = new ArrayList<>(read.apply(file));
        return layers;
    }

    @Override
    public int count(String key, ObjectNode section, String name) {
        return put(section, name, file.count(key));
    }

    @Override
    public int count(String key, int otherwise, ObjectNode section, String name) {
        return put(section, name, file.count(key, otherwise));
    }

    @Override
    public double number(String key, double otherwise, ObjectNode section, String name) {
        return put(section, name, file.number(key, otherwise));
    }

    @Override
    public void factor(String key, ObjectNode section, String name) {
        putFactor(section, name, file.number(key, 1));
    }

    @Override
    public void factors(String key, ObjectNode section, List<String> names) {
        List<Double> numbers = file.numbers(key, Collections.nCopies(names.size(), 1.0));
        if (numbers.size() != names.size()) {
            file.fault(key, file.shown(key) + " must have " + names.size() + " numbers");
            return;
        }
        for (int i = 0; i < names.size(); i++) {
            putFactor(section, names.get(i), numbers.get(i));
        }
    }

    private static void putFactor(ObjectNode section, String name, double factor) {
        if (factor != 1) {
            put(section, name, factor);
        }
    }

    @Override
    public boolean flag(String key, boolean otherwise, ObjectNode section, String name) {
        return put(section, name, file.flag(key, otherwise));
    }

    @Override
    public void numberOrNone(String key, ObjectNode section, String name) {
        put(section, name, file.set(key) ? (Object) file.number(key, 0) : Sections.NONE);
    }

    @Override
    public void derived(ObjectNode section, String name, Object value) {}

    @Override
    public void always(ObjectNode section, String name, Object value) {
        put(section, name, value);
    }

    @Override
    public void only(String key, Object value) {
        if (value == null) {
            file.require(key);
        } else {
            file.require(key, value);
        }
    }

    @Override
    public void ignored(String... keys) {
        file.ignore(keys);
    }

    @Override
    public void unsaid(ObjectNode section, String name, Object otherwise, String note) {
        put(section, name, otherwise);
        file.note(note);
    }

    @Override
    public void inFile(Consumer<ConfigFile> check) {
        check.accept(file);
    }

    @Override
    public void inWritten(Consumer<ObjectNode> write) {}

    @Override
    public void fault(String message) {
        file.fault(message);
    }

    private static <T> T put(ObjectNode section, String name, T value) {
        Sections.put(section, name, value);
        return value;
    }
}
