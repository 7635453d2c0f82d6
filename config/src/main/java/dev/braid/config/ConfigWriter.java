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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Writes a config record as YAML with every value, those by default too, in the order of the records. Reading it gives an equal
 * record, whatever the defaults of a later version.
 */
public final class ConfigWriter {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9/.][A-Za-z0-9_./+-]*");

    private final StringBuilder out = new StringBuilder();

    private ConfigWriter() {}

    /** The YAML text of {@code record}. */
    public static String toYaml(Record record) {
        ConfigWriter writer = new ConfigWriter();
        writer.components(record, Schema.of(record.getClass()), "");
        return writer.out.toString();
    }

    private void components(Object record, RecordOf type, String indent) {
        for (Component component : type.components()) {
            entry(component.key(), Records.read(record, component), component.type(), indent);
        }
    }

    /** Writes {@code key: value} with a line end; the cursor stands at the beginning of a line. */
    private void entry(String key, Object value, Type type, String indent) {
        out.append(indent).append(key).append(':');
        value(value, type, indent);
    }

    private void value(Object value, Type type, String indent) {
        switch (type) {
            case Plain plain -> line(plain(value));
            case Text text -> line(text((String) value));
            case Words words -> line(Keys.snakeCase(((Enum<?>) value).name()));
            case OptionalOf optional -> optional((Optional<?>) value, optional, indent);
            case ListOf list -> list((List<?>) value, list.element(), indent);
            case MapOf map -> map((Map<?, ?>) value, map.element(), indent);
            case RecordOf keys -> {
                out.append('\n');
                components(value, keys, indent + "  ");
            }
            case ChoiceOf choice -> {
                out.append('\n');
                choice(value, choice, indent + "  ");
            }
        }
    }

    private void optional(Optional<?> value, OptionalOf type, String indent) {
        if (value.isEmpty()) {
            line(type.word());
        } else if (value.get().equals(type.word())) {
            line('"' + type.word() + '"');
        } else {
            value(value.get(), type.element(), indent);
        }
    }

    private void list(List<?> items, Type element, String indent) {
        if (isFlow(element) || items.isEmpty()) {
            line(items.stream().map(item -> flow(item, element)).collect(Collectors.joining(", ", "[", "]")));
            return;
        }
        out.append('\n');
        for (Object item : items) {
            int start = out.length();
            value(item, element, indent + "  ");
            if (out.charAt(start) == '\n') {
                // Keys begin with a line end and their indent, where the dash goes.
                out.replace(start, start + indent.length() + 5, indent + "  - ");
            } else {
                out.insert(start, indent + "  -");
            }
        }
    }

    private void map(Map<?, ?> values, Type element, String indent) {
        if (values.isEmpty()) {
            line("{}");
            return;
        }
        out.append('\n');
        values.forEach((name, value) -> entry(text((String) name), value, element, indent + "  "));
    }

    private void choice(Object value, ChoiceOf type, String indent) {
        Map.Entry<String, RecordOf> chosen = type.choices().entrySet().stream()
                .filter(choice -> choice.getValue().type() == value.getClass())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(value.getClass() + " is not a choice of " + type.type()));
        out.append(indent)
                .append(ChoiceOf.KEY)
                .append(": ")
                .append(chosen.getKey())
                .append('\n');
        components(value, chosen.getValue(), indent);
    }

    private void line(String text) {
        out.append(' ').append(text).append('\n');
    }

    private static boolean isFlow(Type element) {
        return switch (element) {
            case Plain plain -> true;
            case Text text -> true;
            case Words words -> true;
            case ListOf list -> isFlow(list.element());
            case OptionalOf optional -> false;
            case MapOf map -> false;
            case RecordOf keys -> false;
            case ChoiceOf choice -> false;
        };
    }

    private static String flow(Object item, Type element) {
        return switch (element) {
            case Plain plain -> plain(item);
            case Text text -> text((String) item);
            case Words words -> Keys.snakeCase(((Enum<?>) item).name());
            case ListOf list ->
                ((List<?>) item)
                        .stream().map(inner -> flow(inner, list.element())).collect(Collectors.joining(", ", "[", "]"));
            case OptionalOf optional -> throw notFlow(element);
            case MapOf map -> throw notFlow(element);
            case RecordOf keys -> throw notFlow(element);
            case ChoiceOf choice -> throw notFlow(element);
        };
    }

    private static IllegalStateException notFlow(Type element) {
        return new IllegalStateException("not a single value: " + element);
    }

    /** {@code 1.0e-8} for a double, so that YAML 1.1 readers take it for a number too. */
    private static String plain(Object value) {
        return value.toString().toLowerCase(Locale.ROOT);
    }

    static String text(String text) {
        if (PLAIN.matcher(text).matches() && !Scalars.isMistakable(text)) {
            return text;
        }
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(unit -> {
            char character = (char) unit;
            if (character == '"' || character == '\\') {
                quoted.append('\\').append(character);
            } else if (character < ' '
                    || character >= 0x7f && character < 0xa0
                    || character >= 0x2028 && character <= 0x2029
                    || character >= 0xfeff) {
                quoted.append(String.format("\\u%04x", (int) character));
            } else {
                quoted.append(character);
            }
        });
        return quoted.append('"').toString();
    }
}
