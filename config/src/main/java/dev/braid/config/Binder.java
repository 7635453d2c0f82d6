package dev.braid.config;

import dev.braid.config.Type.ChoiceOf;
import dev.braid.config.Type.Component;
import dev.braid.config.Type.ListOf;
import dev.braid.config.Type.MapOf;
import dev.braid.config.Type.OptionalOf;
import dev.braid.config.Type.Plain;
import dev.braid.config.Type.RecordOf;
import dev.braid.config.Type.Text;
import dev.braid.config.Type.Words;
import dev.braid.config.Value.Entry;
import dev.braid.config.Value.Mapping;
import dev.braid.config.Value.Scalar;
import dev.braid.config.Value.Sequence;
import dev.braid.config.Value.Unreadable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Makes records of values. Every method returns empty when it has reported a fault, and goes on with the siblings, so that one
 * pass finds everything. Rules between keys ({@link Validated}) run after the whole tree is bound.
 */
final class Binder {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+");

    /** A record whose own rules are still to be checked. */
    private record Pending(Validated record, Value value, String key) {}

    private final RecordOf root;
    private final FaultList faults;
    private final List<Pending> pending = new ArrayList<>();

    Binder(RecordOf root, FaultList faults) {
        this.root = root;
        this.faults = faults;
    }

    /** Binds and checks; empty when there are faults. */
    Optional<Object> bindRoot(Value value) {
        Optional<Object> bound = bind(value, root, "");
        pending.forEach(this::validate);
        return faults.isEmpty() ? bound : Optional.empty();
    }

    private Optional<Object> bind(Value value, Type type, String key) {
        if (value instanceof Unreadable) {
            return Optional.empty();
        }
        if (value instanceof Scalar scalar && (Scalars.isEmpty(scalar) || Scalars.isNull(scalar))) {
            String fix = type instanceof OptionalOf optional ? "write " + optional.word() + ", or remove the key" : "";
            return fault(value, key, "has no value, expected " + type.expected(), fix);
        }
        return switch (type) {
            case Plain plain -> plain(value, plain, key);
            case Text text -> text(value, text, key);
            case Words words -> word(value, words, key);
            case OptionalOf optional -> optional(value, optional, key);
            case ListOf list -> list(value, list, key);
            case MapOf map -> map(value, map, key);
            case RecordOf keys -> keys(value, keys, key);
            case ChoiceOf choice -> choice(value, choice, key);
        };
    }

    private Optional<Object> plain(Value value, Plain type, String key) {
        if (!(value instanceof Scalar scalar)) {
            return mismatch(value, type, key);
        }
        Scalars.Reading reading = switch (type) {
            case INT -> Scalars.whole(scalar, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case LONG -> Scalars.whole(scalar, Long.MIN_VALUE, Long.MAX_VALUE);
            case DOUBLE -> Scalars.number(scalar);
            case BOOLEAN -> Scalars.truth(scalar);
        };
        return switch (reading) {
            case Scalars.Read(Object read) ->
                Optional.of(type == Plain.INT ? (Object) Math.toIntExact((long) read) : read);
            case Scalars.Refused(String problem, String fix) -> fault(value, key, problem, fix);
        };
    }

    private Optional<Object> text(Value value, Text type, String key) {
        if (!(value instanceof Scalar scalar)) {
            return mismatch(value, type, key);
        }
        if (type.later().contains(scalar.text())) {
            return fault(
                    scalar,
                    key,
                    "'" + scalar.text() + "' is not carried out by this version; allowed are "
                            + String.join(", ", type.allowed()),
                    "");
        }
        if (!type.allowed().isEmpty() && !type.allowed().contains(scalar.text())) {
            return notAllowed(scalar, type.allowed(), key);
        }
        return Optional.of(scalar.text());
    }

    private Optional<Object> word(Value value, Words type, String key) {
        if (!(value instanceof Scalar scalar)) {
            return mismatch(value, type, key);
        }
        Object constant = type.constants().get(scalar.text());
        return constant == null
                ? notAllowed(scalar, List.copyOf(type.constants().keySet()), key)
                : Optional.of(constant);
    }

    private Optional<Object> optional(Value value, OptionalOf type, String key) {
        if (isWord(value, type.word())) {
            return Optional.of(Optional.empty());
        }
        return bind(value, type.element(), key).map(Optional::of);
    }

    static boolean isNone(Value value) {
        return isWord(value, Key.NONE);
    }

    private static boolean isWord(Value value, String word) {
        return value instanceof Scalar scalar && scalar.plain() && scalar.text().equals(word);
    }

    private Optional<Object> list(Value value, ListOf type, String key) {
        if (!(value instanceof Sequence sequence)) {
            String fix = value instanceof Scalar scalar
                            && Type.records(type.element()).findAny().isEmpty()
                    ? "write [" + scalar.text() + "]"
                    : "";
            return fault(value, key, "expected a list, got " + value.described(), fix);
        }
        List<Object> bound = new ArrayList<>();
        int before = faults.size();
        for (int i = 0; i < sequence.items().size(); i++) {
            bind(sequence.items().get(i), type.element(), Keys.join(key, Integer.toString(i)))
                    .ifPresent(bound::add);
        }
        return complete(bound.size() == sequence.items().size(), before, List.copyOf(bound));
    }

    private Optional<Object> map(Value value, MapOf type, String key) {
        if (!(value instanceof Mapping mapping)) {
            return mismatch(value, type, key);
        }
        Map<String, Object> bound = new LinkedHashMap<>();
        int before = faults.size();
        for (Entry entry : mapping.entries()) {
            if (!NAME.matcher(entry.key()).matches()) {
                faults.add(
                        entry.place(),
                        key,
                        "the name '" + entry.key() + "' has other characters than letters, digits, _ and -",
                        "");
            }
            bind(entry.value(), type.element(), Keys.join(key, entry.key()))
                    .ifPresent(element -> bound.put(entry.key(), element));
        }
        return complete(bound.size() == mapping.entries().size(), before, Collections.unmodifiableMap(bound));
    }

    private Optional<Object> complete(boolean all, int faultsBefore, Object bound) {
        return all && faults.size() == faultsBefore ? Optional.of(bound) : Optional.empty();
    }

    private Optional<Object> choice(Value value, ChoiceOf type, String key) {
        List<String> words = List.copyOf(type.choices().keySet());
        return switch (value) {
            case Scalar scalar -> bareWord(scalar, type, words, key);
            case Mapping mapping -> {
                Optional<Entry> written = mapping.find(ChoiceOf.KEY);
                if (written.isEmpty() && type.byDefault().isPresent()) {
                    yield components(mapping, type.chosen(mapping).orElseThrow(), key, Optional.of(type));
                }
                if (written.isEmpty()) {
                    yield missing(value, Keys.join(key, ChoiceOf.KEY), "allowed are " + String.join(", ", words));
                }
                if (!(written.get().value() instanceof Scalar word)) {
                    yield written.get().value() instanceof Unreadable
                            ? Optional.empty()
                            : fault(
                                    written.get().value(),
                                    Keys.join(key, ChoiceOf.KEY),
                                    "expected one of " + String.join(", ", words) + ", got "
                                            + written.get().value().described(),
                                    "");
                }
                RecordOf chosen = type.choices().get(word.text());
                yield chosen == null
                        ? notAllowed(word, words, Keys.join(key, ChoiceOf.KEY))
                        : components(mapping, chosen, key, Optional.of(type));
            }
            case Sequence sequence -> mismatch(value, type, key);
            case Unreadable unreadable -> Optional.empty();
        };
    }

    private Optional<Object> bareWord(Scalar scalar, ChoiceOf type, List<String> words, String key) {
        RecordOf chosen = type.choices().get(scalar.text());
        if (chosen == null) {
            return notAllowed(scalar, words, key);
        }
        List<String> required = chosen.requiredKeys();
        if (!required.isEmpty()) {
            return fault(
                    scalar,
                    key,
                    "'" + scalar.text() + "' needs " + String.join(", ", required),
                    "write {type: " + scalar.text() + ", " + String.join(": ..., ", required) + ": ...}");
        }
        return components(new Mapping(scalar.place(), List.of()), chosen, key, Optional.of(type));
    }

    private Optional<Object> keys(Value value, RecordOf type, String key) {
        return value instanceof Mapping mapping
                ? components(mapping, type, key, Optional.empty())
                : mismatch(value, type, key);
    }

    /** @param choice what the record was chosen from */
    private Optional<Object> components(Mapping mapping, RecordOf type, String key, Optional<ChoiceOf> choice) {
        int before = faults.size();
        for (Entry entry : mapping.entries()) {
            if (type.find(entry.key()).isEmpty()
                    && !(choice.isPresent() && entry.key().equals(ChoiceOf.KEY))) {
                unknown(entry, type, key, choice);
            }
        }
        List<Object> values = new ArrayList<>();
        for (Component component : type.components()) {
            component(mapping, component, Keys.join(key, component.key())).ifPresent(values::add);
        }
        if (faults.size() != before || values.size() != type.components().size()) {
            return Optional.empty();
        }
        return construct(mapping, type, values, key);
    }

    private Optional<Object> component(Mapping mapping, Component component, String key) {
        Optional<Entry> entry = mapping.find(component.key());
        if (entry.isPresent()) {
            return bind(entry.get().value(), component.type(), key);
        }
        Optional<Value> byDefault = component.defaultAt(mapping.place());
        if (byDefault.isPresent()) {
            return bind(byDefault.get(), component.type(), key);
        }
        if (component.type() instanceof OptionalOf) {
            return Optional.of(Optional.empty());
        }
        String document = component.document().replaceFirst("\\.$", "");
        return missing(mapping, key, "expected " + component.type().expected() + " (" + document + ")");
    }

    private Optional<Object> construct(Mapping mapping, RecordOf type, List<Object> values, String key) {
        Object bound;
        try {
            bound = Records.construct(type, values);
        } catch (IllegalArgumentException e) {
            return fault(mapping, key, String.valueOf(e.getMessage()), "");
        }
        if (bound instanceof Validated validated) {
            pending.add(new Pending(validated, mapping, key));
        }
        return Optional.of(bound);
    }

    private void validate(Pending check) {
        try {
            check.record()
                    .validate((relative, problem, fix) ->
                            faults.add(place(check.value(), relative), Keys.join(check.key(), relative), problem, fix));
        } catch (RuntimeException e) {
            // A rule may trip over a value that another rule has refused (a division by heads: 0); that refusal is the
            // news.
            if (faults.isEmpty()) {
                throw e;
            }
        }
    }

    /** Where the value at {@code key} below {@code value} stands, or as much of it as was written. */
    private static Place place(Value value, String key) {
        Value current = value;
        Place place = value.place();
        for (String segment : key.isEmpty() ? new String[0] : key.split("\\.", -1)) {
            switch (current) {
                case Mapping mapping
                when mapping.find(segment).isPresent() -> {
                    Entry entry = mapping.find(segment).get();
                    current = entry.value();
                    place = current instanceof Scalar ? current.place() : entry.place();
                }
                case Sequence sequence
                when isIndex(segment, sequence.items().size()) -> {
                    current = sequence.items().get(Integer.parseInt(segment));
                    place = current.place();
                }
                default -> {
                    return place;
                }
            }
        }
        return place;
    }

    static boolean isIndex(String segment, int size) {
        return segment.matches("[0-9]{1,9}") && Integer.parseInt(segment) < size;
    }

    private void unknown(Entry entry, RecordOf type, String parent, Optional<ChoiceOf> choice) {
        List<String> allowed = new ArrayList<>(type.keys());
        if (choice.isPresent()) {
            allowed.addFirst(ChoiceOf.KEY);
        }
        String hint = choice.map(chosen -> ofAnother(entry.key(), type, chosen)).orElse("");
        if (hint.isEmpty()) {
            hint = Spelling.hint(entry.key(), allowed);
        }
        if (hint.isEmpty()) {
            hint = elsewhere(root, entry.key(), "")
                    .map(path -> "did you mean '" + path + "'?")
                    .orElse("");
        }
        String where = parent.isEmpty() ? "" : " under " + parent;
        faults.add(
                entry.place(),
                Keys.join(parent, entry.key()),
                "unknown key; allowed" + where + " are " + String.join(", ", allowed),
                hint);
    }

    /** That the key is one of a record that was not chosen. */
    private static String ofAnother(String key, RecordOf chosen, ChoiceOf choice) {
        List<String> words = choice.othersWith(key, chosen);
        return words.isEmpty()
                ? ""
                : "'" + key + "' is a key of type: " + String.join(" and type: ", words) + ", and this is of type: "
                        + choice.word(chosen);
    }

    /** The first place in the schema where a key of that name exists. */
    private static Optional<String> elsewhere(Type type, String key, String path) {
        List<RecordOf> records = Type.records(type).toList();
        for (RecordOf keys : records) {
            if (keys.find(key).isPresent()) {
                return Optional.of(Keys.join(path, key));
            }
        }
        return records.stream()
                .flatMap(keys -> keys.components().stream())
                .flatMap(below -> elsewhere(below.type(), key, Keys.join(path, below.key())).stream())
                .findFirst();
    }

    private Optional<Object> missing(Value parent, String key, String allowed) {
        return fault(parent, key, "is missing; " + allowed, "");
    }

    private Optional<Object> mismatch(Value value, Type type, String key) {
        return fault(value, key, "expected " + type.expected() + ", got " + value.described(), "");
    }

    private Optional<Object> notAllowed(Scalar scalar, List<String> words, String key) {
        return fault(
                scalar,
                key,
                scalar.described() + " is not allowed; allowed are " + String.join(", ", words),
                Spelling.hint(scalar.text(), words));
    }

    private Optional<Object> fault(Value value, String key, String problem, String fix) {
        faults.add(value.place(), key, problem, fix);
        return Optional.empty();
    }
}
