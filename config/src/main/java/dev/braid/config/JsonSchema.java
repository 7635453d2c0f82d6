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
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes the keys of a config as JSON Schema, draft 2020-12, by which editors complete and check. */
public final class JsonSchema {
    /** Choices that are being written, the innermost last: one that is met again is written once and referred to. */
    private final Deque<Class<?>> open = new ArrayDeque<>();

    private final Map<String, Object> definitions = new LinkedHashMap<>();

    private JsonSchema() {}

    /** The schema of {@code type} as JSON text. */
    public static String of(Class<? extends Record> type, String title) {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.put("title", title);
        JsonSchema writer = new JsonSchema();
        schema.putAll(writer.schema(Schema.of(type)));
        if (!writer.definitions.isEmpty()) {
            schema.put("$defs", writer.definitions);
        }
        return Json.print(schema);
    }

    private Map<String, Object> schema(Type type) {
        return switch (type) {
            case Plain plain -> Map.of("type", name(plain));
            case Text text -> text.allowed().isEmpty() ? Map.of("type", "string") : Map.of("enum", text.allowed());
            case Words words -> Map.of("enum", List.copyOf(words.constants().keySet()));
            case OptionalOf optional -> anyOf(List.of(schema(optional.element()), Map.of("const", optional.word())));
            case ListOf list -> ordered("type", "array", "items", schema(list.element()));
            case MapOf map -> ordered("type", "object", "additionalProperties", schema(map.element()));
            case RecordOf keys -> keys(keys, "", false);
            case ChoiceOf choice -> choice(choice);
        };
    }

    private static String name(Plain plain) {
        return switch (plain) {
            case INT, LONG -> "integer";
            case DOUBLE -> "number";
            case BOOLEAN -> "boolean";
        };
    }

    private Map<String, Object> choice(ChoiceOf type) {
        String name = type.type().getSimpleName();
        Map<String, Object> reference = Map.of("$ref", "#/$defs/" + name);
        if (open.contains(type.type())) {
            definitions.putIfAbsent(name, Map.of());
            return reference;
        }
        open.push(type.type());
        Map<String, Object> choices = choices(type);
        open.pop();
        return definitions.replace(name, choices) == null ? choices : reference;
    }

    private Map<String, Object> choices(ChoiceOf type) {
        List<Object> choices = new ArrayList<>();
        type.choices().forEach((word, keys) -> {
            if (keys.requiredKeys().isEmpty()) {
                choices.add(Map.of("const", word));
            }
            choices.add(keys(keys, word, type.byDefault().filter(word::equals).isEmpty()));
        });
        return anyOf(choices);
    }

    /**
     * @param word the word under {@code type:}; empty where there is no such key
     * @param named whether that key must be written
     */
    private Map<String, Object> keys(RecordOf type, String word, boolean named) {
        Map<String, Object> properties = new LinkedHashMap<>();
        List<String> required = new ArrayList<>(type.requiredKeys());
        if (!word.isEmpty()) {
            properties.put(ChoiceOf.KEY, Map.of("const", word));
        }
        if (named) {
            required.addFirst(ChoiceOf.KEY);
        }
        type.components().forEach(component -> properties.put(component.key(), property(component)));
        Map<String, Object> schema = ordered("type", "object", "properties", properties);
        if (type.presetKey().isPresent()) {
            String preset = type.presetKey().get().key();
            schema.put("anyOf", List.of(Map.of("required", List.of(preset)), Map.of("required", required)));
        } else {
            schema.put("required", required);
        }
        schema.put("additionalProperties", false);
        return schema;
    }

    private Map<String, Object> property(Component component) {
        Map<String, Object> property = new LinkedHashMap<>();
        property.put("description", component.document());
        property.putAll(schema(component.type()));
        component
                .defaultAt(Place.whole("default"))
                .ifPresent(value -> property.put("default", json(value, component.type())));
        return property;
    }

    private static Object json(Value value, Type type) {
        return switch (value) {
            case Scalar scalar -> scalar(scalar, Type.bare(type));
            case Sequence sequence ->
                sequence.items().stream()
                        .map(item -> json(item, Type.below(type, value, "0").orElse(type)))
                        .toList();
            case Mapping mapping -> {
                Map<String, Object> keys = new LinkedHashMap<>();
                for (Entry entry : mapping.entries()) {
                    Type below = Type.below(type, value, entry.key()).orElse(Text.ANY);
                    keys.put(entry.key(), json(entry.value(), below));
                }
                yield keys;
            }
            case Unreadable unreadable -> throw new IllegalStateException("a default that can't be read");
        };
    }

    private static Object scalar(Scalar scalar, Type type) {
        if (!(type instanceof Plain) || Binder.isNone(scalar)) {
            return scalar.text();
        }
        return type == Plain.BOOLEAN ? Boolean.valueOf(scalar.text()) : new BigDecimal(scalar.text());
    }

    private static Map<String, Object> anyOf(List<Object> schemas) {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("anyOf", schemas);
        return schema;
    }

    private static Map<String, Object> ordered(String key, Object value, String next, Object nextValue) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put(key, value);
        map.put(next, nextValue);
        return map;
    }
}
