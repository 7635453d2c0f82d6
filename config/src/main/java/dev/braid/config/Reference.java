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
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Writes what every key of a config means: as a Markdown page, and as plain text for a terminal. */
public final class Reference {
    private static final int WIDTH = 100;

    /**
     * The keys of one map.
     *
     * @param path the dotted key of the map; empty for the file itself
     * @param word the word under {@code type:}, if the map is a choice
     * @param byDefault whether that word need not be written
     */
    private record Section(String path, String word, String document, RecordOf keys, boolean byDefault) {
        Section(String path, String word, String document, RecordOf keys) {
            this(path, word, document, keys, false);
        }
    }

    private final List<Section> sections = new ArrayList<>();

    /** Choices that are being described: one that holds itself is not described again below itself. */
    private final Set<Class<?>> open = new HashSet<>();

    private Reference(Class<? extends Record> type) {
        RecordOf root = Schema.of(type);
        sections.add(new Section("", "", "", root));
        root.components().forEach(component -> collect(component.key(), component.document(), component.type()));
    }

    /** A Markdown page with one table for the top level and for each section and choice below it. */
    public static String markdown(Class<? extends Record> type) {
        StringBuilder page = new StringBuilder();
        for (Section section : new Reference(type).sections) {
            page.append("\n## ").append(title(section, "`")).append("\n\n");
            if (!section.document().isEmpty()) {
                page.append(section.document()).append("\n\n");
            }
            page.append("| key | value | default | meaning |\n|---|---|---|---|\n");
            for (Component component : section.keys().components()) {
                page.append("| `").append(component.key()).append("` | ");
                page.append(cell(value(component.type()))).append(" | ");
                page.append(cell(standard(component, "`"))).append(" | ");
                page.append(cell(component.document())).append(" |\n");
            }
        }
        return page.toString();
    }

    /**
     * The same for a terminal.
     *
     * @param prefix shows only keys at or below this dotted key; empty for all
     * @return empty if there is no such key
     */
    public static Optional<String> text(Class<? extends Record> type, String prefix) {
        StringBuilder text = new StringBuilder();
        for (Section section : new Reference(type).sections) {
            List<Component> components = section.keys().components().stream()
                    .filter(component -> isBelow(Keys.join(section.path(), component.key()), prefix))
                    .toList();
            if (components.isEmpty()) {
                continue;
            }
            text.append(text.isEmpty() ? "" : "\n").append(title(section, "")).append('\n');
            components.forEach(component -> describe(component, section, text));
        }
        return text.isEmpty() ? Optional.empty() : Optional.of(text.toString());
    }

    /** Every dotted key, with {@code <name>} and {@code <n>} where a user names or counts. */
    public static List<String> keys(Class<? extends Record> type) {
        return new Reference(type)
                .sections.stream()
                        .flatMap(section -> section.keys().keys().stream().map(key -> Keys.join(section.path(), key)))
                        .distinct()
                        .toList();
    }

    private static boolean isBelow(String key, String prefix) {
        return prefix.isEmpty() || key.equals(prefix) || key.startsWith(prefix + ".");
    }

    private static void describe(Component component, Section section, StringBuilder text) {
        text.append("  ").append(Keys.join(section.path(), component.key())).append("  ");
        text.append(value(component.type()))
                .append("; ")
                .append(standard(component, ""))
                .append('\n');
        StringBuilder line = new StringBuilder("     ");
        for (String word : component.document().split(" ", -1)) {
            if (line.length() + word.length() >= WIDTH) {
                text.append(line).append('\n');
                line = new StringBuilder("     ");
            }
            line.append(' ').append(word);
        }
        text.append(line).append('\n');
    }

    private void collect(String path, String document, Type type) {
        switch (type) {
            case Plain plain -> {}
            case Text text -> {}
            case Words words -> {}
            case OptionalOf optional -> collect(path, document, optional.element());
            case ListOf list -> collect(Keys.join(path, "<n>"), document, list.element());
            case MapOf map -> collect(Keys.join(path, "<name>"), document, map.element());
            case RecordOf keys -> collect(new Section(path, "", document, keys));
            case ChoiceOf choice -> {
                if (open.add(choice.type())) {
                    choice.choices()
                            .forEach((word, keys) -> collect(new Section(
                                    path,
                                    word,
                                    document,
                                    keys,
                                    choice.byDefault().filter(word::equals).isPresent())));
                    open.remove(choice.type());
                }
            }
        }
    }

    private void collect(Section section) {
        if (!section.keys().components().isEmpty()) {
            sections.add(section);
        }
        section.keys()
                .components()
                .forEach(component ->
                        collect(Keys.join(section.path(), component.key()), component.document(), component.type()));
    }

    private static String title(Section section, String quote) {
        if (section.path().isEmpty()) {
            return "Top level";
        }
        String word = section.word().isEmpty() ? "" : ", " + quote + "type: " + section.word() + quote;
        return quote + section.path() + quote + word + (section.byDefault() ? ", the default" : "");
    }

    private static String standard(Component component, String quote) {
        if (component.byDefault().isPresent()) {
            return quote + component.byDefault().get() + quote;
        } else if (!component.derived().isEmpty()) {
            return component.derived();
        }
        return component.type() instanceof OptionalOf optional ? quote + optional.word() + quote : "required";
    }

    private static String value(Type type) {
        return switch (type) {
            case Plain plain -> plain.expected().replaceFirst("^a ", "");
            case Text text -> text.allowed().isEmpty() ? "text" : String.join(", ", text.allowed());
            case Words words -> String.join(", ", words.constants().keySet());
            case OptionalOf optional -> value(optional.element()) + ", or " + optional.word();
            case ListOf list -> "list: " + value(list.element());
            case MapOf map -> "by name: " + value(map.element());
            case RecordOf keys -> "section";
            case ChoiceOf choice -> choice.choices().keySet().stream().collect(Collectors.joining(", ", "type: ", ""));
        };
    }

    private static String cell(String text) {
        return text.replace("|", "\\|");
    }
}
