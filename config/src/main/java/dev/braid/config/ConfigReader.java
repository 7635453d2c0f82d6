package dev.braid.config;

import dev.braid.config.Type.RecordOf;
import dev.braid.config.Value.Entry;
import dev.braid.config.Value.Mapping;
import dev.braid.config.Value.Scalar;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Reads a YAML file into a record of type {@code T}, whose components carry {@link Key}s. Kinds: {@code int}, {@code long},
 * {@code double}, {@code boolean}, {@code String}, enums, {@code Optional}, {@code List}, {@code Map<String, ...>}, records, and
 * sealed interfaces of records with a {@link Choice}.
 *
 * <p>Single values follow the core schema of YAML 1.2; what YAML 1.1 reads differently is refused, as are anchors, aliases, tags,
 * merge keys and several documents. All faults of a file are reported in one {@link ConfigException}. Immutable.
 */
public final class ConfigReader<T extends Record> {
    private static final int LARGEST_FILE = 1 << 20;

    private final Class<T> type;
    private final RecordOf root;
    private final Derived derived;
    private final PresetSource presets;

    private ConfigReader(Class<T> type, RecordOf root, Derived derived, PresetSource presets) {
        this.type = type;
        this.root = root;
        this.derived = derived;
        this.presets = presets;
    }

    /** Supplies values that follow from others or from the file's name. */
    @FunctionalInterface
    public interface Derived {
        /**
         * Top-level keys with their values as YAML text; those that are written are left alone.
         *
         * @param source the file's name, without folders
         * @param written the single value written at a dotted key, if any
         */
        Map<String, String> derive(String source, Function<String, Optional<String>> written);
    }

    /** Supplies the values of presets. */
    @FunctionalInterface
    public interface PresetSource {
        /**
         * The keys of a preset as YAML.
         *
         * @param key dotted key of the section that names it: {@code model}
         * @param name one of the words that the key allows
         */
        String yaml(String key, String name);
    }

    /**
     * A reader for records of {@code type}.
     *
     * @throws IllegalStateException if the record, or one that it holds, can't be bound
     */
    public static <T extends Record> ConfigReader<T> of(Class<T> type) {
        return new ConfigReader<>(type, Schema.of(type), (source, written) -> Map.of(), (key, name) -> "{}");
    }

    /** The same reader, which supplies values for keys that are not written. */
    public ConfigReader<T> withDerived(Derived derived) {
        return new ConfigReader<>(type, root, derived, presets);
    }

    /** The same reader, which fills in the keys that a preset supplies (see {@link Key#preset}) and that are not written. */
    public ConfigReader<T> withPresets(PresetSource presets) {
        return new ConfigReader<>(type, root, derived, presets);
    }

    /**
     * Reads a file.
     *
     * @param overrides values that replace those of the file, as {@code optimizer.lr=1e-3} or {@code data.sources.0.limit=1MB}
     * @throws ConfigException with everything that is wrong
     */
    public T read(Path file, List<String> overrides) {
        return parse(file.toString(), content(file), overrides);
    }

    /**
     * Reads a text.
     *
     * @param name what messages call it; its last part stands for the file's name
     * @throws ConfigException with everything that is wrong
     */
    public T parse(String name, String text, List<String> overrides) {
        FaultList faults = new FaultList();
        Optional<Value> tree = YamlParser.file(name, text, faults);
        if (tree.isEmpty() && faults.isEmpty()) {
            faults.add(
                    Place.whole(name), "", "the file is empty; it needs " + String.join(", ", root.requiredKeys()), "");
        }
        Optional<Object> bound = tree.map(value -> new Overrides(root, faults).apply(value, overrides))
                .map(value -> new Presets(root, presets, faults).fill(value))
                .map(value -> supply(name, value))
                .flatMap(value -> new Binder(root, faults).bindRoot(value));
        if (bound.isEmpty()) {
            throw new ConfigException(name, faults.sorted());
        }
        return type.cast(bound.get());
    }

    private Value supply(String name, Value tree) {
        if (!(tree instanceof Mapping mapping)) {
            return tree;
        }
        String source = Path.of(name).getFileName().toString();
        Mapping complete = mapping;
        for (Map.Entry<String, String> supplied :
                derived.derive(source, key -> written(mapping, key)).entrySet()) {
            if (mapping.find(supplied.getKey()).isEmpty()) {
                Place place = mapping.place();
                Value value = new Scalar(place, supplied.getValue(), false);
                complete = complete.with(new Entry(supplied.getKey(), place, value));
            }
        }
        return complete;
    }

    private static Optional<String> written(Mapping mapping, String key) {
        Value current = mapping;
        for (String segment : key.split("\\.", -1)) {
            Optional<Entry> entry = current instanceof Mapping keys ? keys.find(segment) : Optional.empty();
            if (entry.isEmpty()) {
                return Optional.empty();
            }
            current = entry.get().value();
        }
        return current instanceof Scalar scalar ? Optional.of(scalar.text()) : Optional.empty();
    }

    private static String content(Path file) {
        try {
            if (!Files.exists(file)) {
                throw refused(file, "there is no such file", nearestFile(file));
            }
            if (Files.isDirectory(file)) {
                throw refused(file, "is a folder, expected a YAML file", "");
            }
            if (Files.size(file) > LARGEST_FILE) {
                throw refused(file, "is larger than 1 MiB, which no config is", "");
            }
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw refused(file, "is not UTF-8 text", "save it as UTF-8");
        } catch (IOException e) {
            throw refused(file, "can't be read: " + e.getMessage(), "");
        }
    }

    private static String nearestFile(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            return "";
        }
        try (Stream<Path> siblings = Files.list(folder)) {
            List<String> names = siblings.map(sibling -> sibling.getFileName().toString())
                    .sorted()
                    .toList();
            return Spelling.nearest(file.getFileName().toString(), names)
                    .map(name -> "did you mean '" + file.resolveSibling(name) + "'?")
                    .orElse("");
        }
    }

    private static ConfigException refused(Path file, String problem, String fix) {
        return new ConfigException(file.toString(), List.of(new Fault(file.toString(), "", problem, fix)));
    }
}
