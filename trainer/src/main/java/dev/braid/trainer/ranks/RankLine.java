package dev.braid.trainer.ranks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Locale;

/** One line between a launcher and a rank: a word that says what it is, and a JSON value. */
record RankLine(Kind kind, String json) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** What can be said. */
    enum Kind {
        /** To the rank, first: a {@link RankAssignment}. */
        ASSIGNMENT,
        /** From the rank: its {@link dev.braid.parallelism.transport.RankAddress}. */
        ADDRESS,
        /** To the rank: the addresses of all. */
        ADDRESSES,
        /** To the rank: a word of its program's own. */
        COMMAND,
        /** From the rank: a value of its program's own. */
        EVENT,
        /** From the rank, last: a {@link RankError}. */
        FAILED
    }

    static RankLine of(Kind kind, Object value) {
        try {
            return new RankLine(kind, MAPPER.writeValueAsString(value));
        } catch (JsonProcessingException unwritable) {
            throw new IllegalArgumentException(value.getClass() + " can't be written as JSON", unwritable);
        }
    }

    /**
     * The line that {@link #text} wrote.
     *
     * @throws IllegalArgumentException when it is another
     */
    static RankLine parse(String text) {
        int space = text.indexOf(' ');
        for (Kind kind : Kind.values()) {
            if (space > 0 && text.substring(0, space).equals(word(kind))) {
                return new RankLine(kind, text.substring(space + 1));
            }
        }
        throw new IllegalArgumentException("no line of a rank or its launcher: " + text);
    }

    String text() {
        return word(kind) + ' ' + json;
    }

    <T> T value(Class<T> type) {
        return value(json, type);
    }

    static <T> T value(String json, Class<T> type) {
        try {
            return MAPPER.readValue(json, type);
        } catch (JsonProcessingException wrong) {
            throw new IllegalArgumentException("not a " + type.getSimpleName() + ": " + json, wrong);
        }
    }

    private static String word(Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }
}
