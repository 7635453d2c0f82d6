package dev.braid.config;

import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Prints maps, lists, texts, numbers and truth values as JSON (RFC 8259), indented by two spaces. */
final class Json {
    private Json() {}

    static String print(Object value) {
        StringBuilder out = new StringBuilder();
        print(value, "\n", out);
        return out.append('\n').toString();
    }

    private static void print(Object value, String lineEnd, StringBuilder out) {
        if (value instanceof Map<?, ?> map) {
            Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
            out.append('{');
            while (entries.hasNext()) {
                Map.Entry<?, ?> entry = entries.next();
                out.append(lineEnd).append("  ");
                text((String) entry.getKey(), out);
                out.append(": ");
                print(entry.getValue(), lineEnd + "  ", out);
                out.append(entries.hasNext() ? "," : lineEnd);
            }
            out.append('}');
        } else if (value instanceof List<?> list) {
            out.append('[');
            for (int i = 0; i < list.size(); i++) {
                out.append(i == 0 ? "" : ", ");
                print(list.get(i), lineEnd + "  ", out);
            }
            out.append(']');
        } else if (value instanceof String string) {
            text(string, out);
        } else {
            out.append(value);
        }
    }

    private static void text(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            if (character == '"' || character == '\\') {
                out.append('\\').append(character);
            } else if (character < ' ') {
                out.append(String.format("\\u%04x", (int) character));
            } else {
                out.append(character);
            }
        }
        out.append('"');
    }
}
