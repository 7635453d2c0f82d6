package dev.braid.config;

import dev.braid.config.ConfigReader.PresetSource;
import dev.braid.config.Type.ChoiceOf;
import dev.braid.config.Type.Component;
import dev.braid.config.Type.RecordOf;
import dev.braid.config.Type.Text;
import dev.braid.config.Value.Entry;
import dev.braid.config.Value.Mapping;
import dev.braid.config.Value.Scalar;
import dev.braid.config.Value.Unreadable;
import java.util.List;
import java.util.Optional;

/**
 * Fills in the keys that a preset supplies and that are not written. Maps are filled in key by key, at every depth; anything else
 * that is written replaces what the preset has, and so does a map with another {@code type} than the preset's.
 */
final class Presets {
    private final RecordOf root;
    private final PresetSource source;
    private final FaultList faults;

    Presets(RecordOf root, PresetSource source, FaultList faults) {
        this.root = root;
        this.source = source;
        this.faults = faults;
    }

    Value fill(Value tree) {
        return fill(tree, root, "");
    }

    private Value fill(Value value, RecordOf type, String path) {
        if (!(value instanceof Mapping mapping)) {
            return value;
        }
        Mapping filled = mapping;
        for (Component component : type.components()) {
            Optional<Entry> entry = filled.find(component.key());
            if (entry.isPresent() && component.type() instanceof RecordOf below) {
                Value inner = fill(entry.get().value(), below, Keys.join(path, component.key()));
                filled = filled.with(new Entry(component.key(), entry.get().place(), inner));
            }
        }
        Optional<Component> key = type.presetKey();
        Optional<Entry> written = key.map(Component::key).flatMap(filled::find);
        return written.isPresent() && written.get().value() instanceof Scalar name && names(name)
                ? fill(filled, key.get(), name, path)
                : filled;
    }

    private static boolean names(Scalar name) {
        return !Scalars.isEmpty(name) && !Scalars.isNull(name) && !Binder.isNone(name);
    }

    private Value fill(Mapping written, Component key, Scalar name, String path) {
        List<String> words = Type.bare(key.type()) instanceof Text text ? text.allowed() : List.of();
        if (!words.contains(name.text())) {
            faults.add(
                    name.place(),
                    Keys.join(path, key.key()),
                    name.described() + " is not allowed; allowed are " + String.join(", ", words),
                    Spelling.hint(name.text(), words));
            // Which keys are missing depends on the word that was meant.
            return new Unreadable(written.place());
        }
        String title = "preset " + name.text();
        FaultList mistakes = new FaultList();
        Optional<Value> preset = YamlParser.file(title, source.yaml(path, name.text()), mistakes);
        if (preset.isEmpty() || !mistakes.isEmpty()) {
            throw new IllegalStateException(title + " is not YAML: " + mistakes.sorted());
        }
        return merge(preset.get(), written);
    }

    private static Value merge(Value preset, Value written) {
        if (!(preset instanceof Mapping base) || !(written instanceof Mapping over) || !sameType(base, over)) {
            return written;
        }
        Mapping merged = new Mapping(over.place(), base.entries());
        for (Entry entry : over.entries()) {
            Value value = base.find(entry.key())
                    .map(below -> merge(below.value(), entry.value()))
                    .orElse(entry.value());
            merged = merged.with(new Entry(entry.key(), entry.place(), value));
        }
        return merged;
    }

    private static boolean sameType(Mapping base, Mapping over) {
        Optional<Entry> type = over.find(ChoiceOf.KEY);
        return type.isEmpty()
                || base.find(ChoiceOf.KEY)
                        .filter(entry -> entry.value() instanceof Scalar known
                                && type.get().value() instanceof Scalar wanted
                                && known.text().equals(wanted.text()))
                        .isPresent();
    }
}
