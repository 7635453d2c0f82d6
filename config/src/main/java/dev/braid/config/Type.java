package dev.braid.config;

import dev.braid.config.Value.Scalar;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The kind of value that a key takes, read from the records by {@link Schema}. */
sealed interface Type {
    /** As a message names it: {@code a whole number}. */
    String expected();

    /** Kinds that are written as one value and need no further description. */
    enum Plain implements Type {
        INT("a whole number"),
        LONG("a whole number"),
        DOUBLE("a number"),
        BOOLEAN("true or false");

        private final String expected;

        Plain(String expected) {
            this.expected = expected;
        }

        @Override
        public String expected() {
            return expected;
        }
    }

    /**
     * Text.
     *
     * @param allowed the words that may stand here; empty for any text
     * @param later words that a later version will allow
     */
    record Text(List<String> allowed, List<String> later) implements Type {
        static final Text ANY = new Text(List.of(), List.of());

        @Override
        public String expected() {
            return allowed.isEmpty() ? "text" : "one of " + String.join(", ", allowed);
        }
    }

    /** A constant of an enum, written in lower case. */
    record Words(Map<String, Object> constants) implements Type {
        @Override
        public String expected() {
            return "one of " + String.join(", ", constants.keySet());
        }
    }

    /** A value or the word {@code word}, most often {@code none}. */
    record OptionalOf(Type element, String word) implements Type {
        @Override
        public String expected() {
            return element.expected();
        }
    }

    /** A list. */
    record ListOf(Type element) implements Type {
        @Override
        public String expected() {
            return "a list";
        }
    }

    /** Values by a name that the user chooses. */
    record MapOf(Type element) implements Type {
        @Override
        public String expected() {
            return "a map from names to values";
        }
    }

    /** A fixed set of keys. */
    record RecordOf(Class<?> type, List<Component> components) implements Type {
        @Override
        public String expected() {
            return "a map with the keys " + String.join(", ", keys());
        }

        List<String> keys() {
            return components.stream().map(Component::key).toList();
        }

        Optional<Component> find(String key) {
            return components.stream()
                    .filter(component -> component.key().equals(key))
                    .findFirst();
        }

        /** The key that names a preset, if there is one. */
        Optional<Component> presetKey() {
            return components.stream().filter(Component::preset).findFirst();
        }

        List<String> requiredKeys() {
            return components.stream()
                    .filter(Component::isRequired)
                    .map(Component::key)
                    .toList();
        }
    }

    /**
     * One of several records, chosen by the key {@code type}.
     *
     * @param byDefault the word that a map without that key stands for
     */
    record ChoiceOf(Class<?> type, Map<String, RecordOf> choices, Optional<String> byDefault) implements Type {
        static final String KEY = "type";

        @Override
        public String expected() {
            return "a map with type: " + choices.keySet().stream().collect(Collectors.joining(" or type: "));
        }

        /** The word of a record. */
        String word(RecordOf keys) {
            return choices.entrySet().stream()
                    .filter(choice -> choice.getValue().type() == keys.type())
                    .findFirst()
                    .orElseThrow()
                    .getKey();
        }

        /** The words of the other records that have a key, for whoever wrote it under the wrong one. */
        List<String> othersWith(String key, RecordOf keys) {
            return choices.entrySet().stream()
                    .filter(choice -> choice.getValue().type() != keys.type())
                    .filter(choice -> choice.getValue().find(key).isPresent())
                    .map(Map.Entry::getKey)
                    .toList();
        }

        /** The record that a written value chooses, be it a bare word or a map. */
        Optional<RecordOf> chosen(Value value) {
            return switch (value) {
                case Scalar scalar -> Optional.ofNullable(choices.get(scalar.text()));
                case Value.Mapping mapping ->
                    mapping.find(KEY).isEmpty()
                            ? byDefault.map(choices::get)
                            : mapping.find(KEY)
                                    .filter(entry -> entry.value() instanceof Scalar)
                                    .map(entry -> choices.get(((Scalar) entry.value()).text()));
                case Value.Sequence sequence -> Optional.empty();
                case Value.Unreadable unreadable -> Optional.empty();
            };
        }
    }

    /**
     * A key of a record.
     *
     * @param accessor reads it from a record
     * @param byDefault the default as YAML text
     * @param derived in words, where the value comes from when it is not written; empty if it doesn't
     * @param preset whether its value names a set of values for the keys beside it
     */
    record Component(
            String key,
            RecordComponent accessor,
            Type type,
            String document,
            Optional<String> byDefault,
            String derived,
            boolean preset) {
        /** Whether whoever writes the file, or supplies derived values, must give it. */
        boolean isRequired() {
            return byDefault.isEmpty() && !(type instanceof OptionalOf) && derived.isEmpty();
        }

        /** The default as a tree, all of whose values carry {@code place}. */
        Optional<Value> defaultAt(Place place) {
            FaultList faults = new FaultList();
            Optional<Value> value = byDefault.flatMap(text -> YamlParser.inline(place, text, faults));
            if (!faults.isEmpty()) {
                throw new IllegalStateException("the default of " + accessor + " is not YAML: " + faults.sorted());
            }
            return value;
        }
    }

    /** What lies below {@code segment} of a value of this kind, as far as that is known. */
    static Optional<Type> below(Type type, Value value, String segment) {
        return switch (type) {
            case OptionalOf optional -> below(optional.element(), value, segment);
            case ListOf list -> Optional.of(list.element());
            case MapOf map -> Optional.of(map.element());
            case RecordOf keys -> keys.find(segment).map(Component::type);
            case ChoiceOf choice ->
                choice.chosen(value).flatMap(keys -> keys.find(segment)).map(Component::type);
            case Plain plain -> Optional.empty();
            case Text text -> Optional.empty();
            case Words words -> Optional.empty();
        };
    }

    /** The component that {@code segment} names, if this is a record or a choice made. */
    static Optional<Component> component(Type type, Value value, String segment) {
        return switch (type) {
            case OptionalOf optional -> component(optional.element(), value, segment);
            case RecordOf keys -> keys.find(segment);
            case ChoiceOf choice -> choice.chosen(value).flatMap(keys -> keys.find(segment));
            case ListOf list -> Optional.empty();
            case MapOf map -> Optional.empty();
            case Plain plain -> Optional.empty();
            case Text text -> Optional.empty();
            case Words words -> Optional.empty();
        };
    }

    /** The kind without the {@code Optional} around it. */
    static Type bare(Type type) {
        return type instanceof OptionalOf optional ? optional.element() : type;
    }

    /** The records that a value of this kind can consist of, one for each choice. */
    static Stream<RecordOf> records(Type type) {
        return switch (type) {
            case OptionalOf optional -> records(optional.element());
            case RecordOf keys -> Stream.of(keys);
            case ChoiceOf choice -> choice.choices().values().stream();
            case ListOf list -> Stream.empty();
            case MapOf map -> Stream.empty();
            case Plain plain -> Stream.empty();
            case Text text -> Stream.empty();
            case Words words -> Stream.empty();
        };
    }
}
