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
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Reads the kinds of all keys from record classes. What the records get wrong (no {@link Key}, a kind that YAML can't give) is a
 * mistake of a programmer and an {@code IllegalStateException}. A choice may hold itself further down, in a map or a list: then the
 * kinds form a cycle.
 */
final class Schema {
    /** Choices met so far, by their interface. */
    private final Map<Class<?>, ChoiceOf> known = new HashMap<>();

    private Schema() {}

    static RecordOf of(Class<?> type) {
        return new Schema().keys(type);
    }

    private RecordOf keys(Class<?> type) {
        List<Component> components = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            components.add(component(component));
        }
        return new RecordOf(type, List.copyOf(components));
    }

    private Component component(RecordComponent component) {
        Key key = component.getAnnotation(Key.class);
        if (key == null || key.value().isBlank()) {
            throw new IllegalStateException(
                    component.getDeclaringRecord().getName() + "." + component.getName() + " lacks a @Key with a text");
        }
        String name = key.name().isEmpty() ? Keys.snakeCase(component.getName()) : key.name();
        Optional<String> byDefault = Optional.of(key.byDefault()).filter(text -> !text.isEmpty());
        Type type = type(component.getGenericType(), new Text(List.of(key.allowed()), List.of(key.later())), component);
        if (type instanceof OptionalOf optional) {
            type = new OptionalOf(optional.element(), key.empty());
        }
        return new Component(name, component, type, key.value(), byDefault, key.derived(), key.preset());
    }

    private Type type(java.lang.reflect.Type type, Text text, RecordComponent component) {
        if (type instanceof ParameterizedType generic) {
            return generic(generic, text, component);
        }
        Class<?> plain = (Class<?>) type;
        if (plain == int.class || plain == Integer.class) {
            return Plain.INT;
        } else if (plain == long.class || plain == Long.class) {
            return Plain.LONG;
        } else if (plain == double.class || plain == Double.class) {
            return Plain.DOUBLE;
        } else if (plain == boolean.class || plain == Boolean.class) {
            return Plain.BOOLEAN;
        } else if (plain == String.class) {
            return text;
        } else if (plain.isEnum()) {
            return words(plain);
        } else if (plain.isRecord()) {
            return keys(plain);
        } else if (plain.isSealed()) {
            return choice(plain);
        }
        throw unsupported(type, component);
    }

    private Type generic(ParameterizedType type, Text text, RecordComponent component) {
        java.lang.reflect.Type[] arguments = type.getActualTypeArguments();
        if (type.getRawType() == Optional.class) {
            return new OptionalOf(type(arguments[0], text, component), Key.NONE);
        } else if (type.getRawType() == List.class) {
            return new ListOf(type(arguments[0], text, component));
        } else if (type.getRawType() == Map.class && arguments[0] == String.class) {
            return new MapOf(type(arguments[1], text, component));
        }
        throw unsupported(type, component);
    }

    private static Words words(Class<?> type) {
        Map<String, Object> constants = new LinkedHashMap<>();
        for (Object constant : type.getEnumConstants()) {
            constants.put(Keys.snakeCase(((Enum<?>) constant).name()), constant);
        }
        return new Words(Collections.unmodifiableMap(constants));
    }

    private ChoiceOf choice(Class<?> type) {
        ChoiceOf before = known.get(type);
        if (before != null) {
            return before;
        }
        Map<String, RecordOf> choices = new LinkedHashMap<>();
        ChoiceOf choice = new ChoiceOf(type, Collections.unmodifiableMap(choices), byDefault(type));
        // Known before its records are read: one of them may hold the same choice.
        known.put(type, choice);
        collect(type, choices);
        return choice;
    }

    /** The word that need not be written. */
    private static Optional<String> byDefault(Class<?> type) {
        List<String> words = leaves(type)
                .map(leaf -> leaf.getAnnotation(Choice.class))
                .filter(choice -> choice != null && choice.byDefault())
                .map(Choice::value)
                .toList();
        if (words.size() > 1) {
            throw new IllegalStateException(type.getName() + " has several choices by default: " + words);
        }
        return words.stream().findFirst();
    }

    private static Stream<Class<?>> leaves(Class<?> type) {
        return Stream.of(type.getPermittedSubclasses())
                .flatMap(permitted -> permitted.isSealed() ? leaves(permitted) : Stream.of(permitted));
    }

    private void collect(Class<?> type, Map<String, RecordOf> choices) {
        for (Class<?> permitted : type.getPermittedSubclasses()) {
            if (permitted.isSealed()) {
                collect(permitted, choices);
                continue;
            }
            Choice choice = permitted.getAnnotation(Choice.class);
            if (choice == null || !permitted.isRecord()) {
                throw new IllegalStateException(permitted.getName() + " is not a record with a @Choice");
            }
            if (choices.put(choice.value(), keys(permitted)) != null) {
                throw new IllegalStateException("two records of " + type.getName() + " are called " + choice.value());
            }
        }
    }

    private static IllegalStateException unsupported(java.lang.reflect.Type type, RecordComponent component) {
        return new IllegalStateException("a config can't hold the " + type.getTypeName() + " of "
                + component.getDeclaringRecord().getName() + "." + component.getName());
    }
}
