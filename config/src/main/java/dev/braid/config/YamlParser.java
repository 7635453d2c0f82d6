package dev.braid.config;

import dev.braid.config.Value.Entry;
import dev.braid.config.Value.Mapping;
import dev.braid.config.Value.Scalar;
import dev.braid.config.Value.Sequence;
import dev.braid.config.Value.Unreadable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.DocumentStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.MappingStartEvent;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.events.SequenceStartEvent;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.reader.StreamReader;

/**
 * Turns the events of SnakeYAML's parser into {@link Value}s. It stops before SnakeYAML resolves anything, since that follows
 * YAML 1.1, where {@code yes} is true and {@code 010} is eight.
 */
final class YamlParser {
    private static final int MOST_LEVELS = 100;

    private final Function<Mark, Place> places;
    private final Parser events;
    private final FaultList faults;

    private YamlParser(String text, Function<Mark, Place> places, FaultList faults) {
        this.places = places;
        this.faults = faults;
        this.events = new ParserImpl(new StreamReader(text), new LoaderOptions());
    }

    /** Reads the text of a file; empty when it has no value or a fault that leaves nothing to look at. */
    static Optional<Value> file(String name, String text, FaultList faults) {
        String content = text.startsWith("\uFEFF") ? text.substring(1) : text;
        return parse(content, mark -> new Place(name, mark.getLine() + 1, mark.getColumn() + 1), name, faults);
    }

    /** Reads a text all of whose values are to carry the same place: an option, or a default. */
    static Optional<Value> inline(Place place, String text, FaultList faults) {
        return parse(text, mark -> place, place.source(), faults);
    }

    private static Optional<Value> parse(String text, Function<Mark, Place> places, String name, FaultList faults) {
        try {
            return new YamlParser(text, places, faults).document();
        } catch (ReaderException e) {
            faults.add(
                    position(text, e.getPosition(), places, name),
                    "",
                    String.format("the character U+%04X is not allowed in YAML", e.getCodePoint()),
                    "remove it");
        } catch (MarkedYAMLException e) {
            Mark mark = e.getProblemMark();
            faults.add(mark == null ? Place.whole(name) : places.apply(mark), "", problem(text, e), fix(text, e));
        } catch (YAMLException e) {
            faults.add(Place.whole(name), "", "not readable as YAML: " + e.getMessage(), "");
        }
        return Optional.empty();
    }

    private Optional<Value> document() {
        Value value = null;
        for (Event event = events.getEvent(); !event.is(Event.ID.StreamEnd); event = events.getEvent()) {
            if (event instanceof NodeEvent) {
                value = node(event, "", 0);
            } else if (event instanceof DocumentStartEvent && value != null) {
                faults.add(
                        places.apply(event.getStartMark()),
                        "",
                        "a second YAML document begins here; a config is one document",
                        "remove the line '---' or put it in a file of its own");
                return Optional.of(value);
            }
        }
        return Optional.ofNullable(value);
    }

    private Value node(Event event, String key, int level) {
        Place place = places.apply(event.getStartMark());
        if (level > MOST_LEVELS) {
            throw new YAMLException("values are nested more than " + MOST_LEVELS + " deep");
        }
        if (event instanceof AliasEvent alias) {
            refuse(place, key, "the alias *" + alias.getAnchor(), "write the value out here");
            return new Unreadable(place);
        }
        boolean readable = isReadable((NodeEvent) event, place, key);
        Value value = switch (event) {
            case ScalarEvent scalar ->
                new Scalar(place, scalar.getValue(), scalar.getScalarStyle() == DumperOptions.ScalarStyle.PLAIN);
            case SequenceStartEvent sequence -> sequence(place, key, level);
            case MappingStartEvent mapping -> mapping(place, key, level);
            default -> throw new IllegalStateException("an event that is no value: " + event);
        };
        return readable ? value : new Unreadable(place);
    }

    private boolean isReadable(NodeEvent event, Place place, String key) {
        if (event.getAnchor() != null) {
            // The value itself is fine, so its own faults are still looked for.
            refuse(
                    place,
                    key,
                    "the anchor &" + event.getAnchor(),
                    "remove it and write the value wherever it is meant");
        }
        String tag = switch (event) {
            case ScalarEvent scalar -> scalar.getTag();
            case SequenceStartEvent sequence -> sequence.getTag();
            case MappingStartEvent mapping -> mapping.getTag();
            default -> null;
        };
        // The parser gives a quoted scalar no tag, and "!" only when it is written.
        if (tag != null) {
            refuse(place, key, "the tag " + tag.replace("tag:yaml.org,2002:", "!!"), "remove it");
            return false;
        }
        return true;
    }

    private Sequence sequence(Place place, String key, int level) {
        List<Value> items = new ArrayList<>();
        for (Event event = events.getEvent(); !event.is(Event.ID.SequenceEnd); event = events.getEvent()) {
            items.add(node(event, Keys.join(key, Integer.toString(items.size())), level + 1));
        }
        return new Sequence(place, List.copyOf(items));
    }

    private Mapping mapping(Place place, String key, int level) {
        List<Entry> entries = new ArrayList<>();
        for (Event event = events.getEvent(); !event.is(Event.ID.MappingEnd); event = events.getEvent()) {
            entry(event, key, level, entries);
        }
        return new Mapping(place, List.copyOf(entries));
    }

    private void entry(Event event, String parent, int level, List<Entry> entries) {
        Value written = node(event, parent, level + 1);
        String name = written instanceof Scalar scalar ? scalar.text() : "";
        String key = Keys.join(parent, name);
        Value value = node(events.getEvent(), key, level + 1);
        if (written instanceof Unreadable) {
            return;
        }
        if (name.isEmpty()) {
            faults.add(written.place(), parent, "expected a key, got " + keyDescribed(written), "");
        } else if (name.equals("<<") && ((Scalar) written).plain()) {
            refuse(written.place(), parent, "the merge key <<", "write the keys out here");
        } else {
            Optional<Entry> first =
                    entries.stream().filter(entry -> entry.key().equals(name)).findFirst();
            if (first.isPresent()) {
                String where = first.get().place().line() == 0
                        ? ""
                        : ", first written at line " + first.get().place().line();
                faults.add(written.place(), key, "the key is written twice" + where, "keep one of them");
            } else {
                entries.add(new Entry(name, written.place(), value));
            }
        }
    }

    private static String keyDescribed(Value written) {
        return written instanceof Scalar ? "an empty text" : written.described();
    }

    private void refuse(Place place, String key, String what, String fix) {
        faults.add(place, key, what + " is not supported: a config says what it means where it is read", fix);
    }

    private static String problem(String text, MarkedYAMLException error) {
        if (isTab(text, error)) {
            return "a tab stands where YAML expects spaces";
        }
        String context = error.getContext() == null ? "" : error.getContext() + ", ";
        return "not valid YAML: " + context + error.getProblem();
    }

    private static String fix(String text, MarkedYAMLException error) {
        if (isTab(text, error)) {
            return "indent with spaces";
        }
        return String.valueOf(error.getProblem()).contains("mapping values are not allowed")
                ? "quote a text that contains ': ', and check the indentation"
                : "check brackets, quotes and indentation here and on the line above";
    }

    private static boolean isTab(String text, MarkedYAMLException error) {
        Mark mark = error.getProblemMark();
        return mark != null
                && mark.getIndex() < text.length()
                && text.codePointCount(0, text.length()) > mark.getIndex()
                && text.codePointAt(text.offsetByCodePoints(0, mark.getIndex())) == '\t';
    }

    private static Place position(String text, int index, Function<Mark, Place> places, String name) {
        int line = 0;
        int column = 0;
        for (int i = 0; i < Math.min(index, text.length()); i++) {
            column++;
            if (text.charAt(i) == '\n') {
                line++;
                column = 0;
            }
        }
        return places.apply(new Mark(name, index, line, column, new int[] {' '}, 0));
    }
}
