package dev.braid.data.tokenizer;

import java.util.Set;

/**
 * Finds what Oniguruma (in Hugging Face's library) and Java may read differently in a word pattern: line anchors, the dot, word
 * characters and borders, scripts, look-behind.
 */
final class RegexDialect {
    private static final Set<String> CATEGORIES = Set.of(
            "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps",
            "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp");
    private static final String SAME_ESCAPES = "sSdDrnt";
    private static final Set<String> SAME_GROUPS = Set.of("(?:", "(?=", "(?!", "(?i:");

    private RegexDialect() {}

    /** The first construct that may differ, or an empty text. */
    static String unsure(String regex) {
        int depth = 0;
        int at = 0;
        while (at < regex.length()) {
            char sign = regex.charAt(at);
            if (sign == '\\') {
                int end = escapeEnd(regex, at);
                if (end < 0) {
                    return construct(regex, at);
                }
                at = end;
                continue;
            }
            if (depth == 0 && (sign == '.' || sign == '^' || sign == '$' || unsureGroup(regex, at))
                    || depth > 0 && (sign == '[' || regex.startsWith("&&", at))) {
                return construct(regex, at);
            }
            if (sign == '[') {
                depth = 1;
                at += regex.startsWith("[^", at) ? 2 : 1;
                continue;
            }
            depth = sign == ']' ? 0 : depth;
            at++;
        }
        return "";
    }

    private static String construct(String regex, int at) {
        return "'" + regex.substring(at, Math.min(regex.length(), at + 6)) + "' at " + at;
    }

    private static boolean unsureGroup(String regex, int at) {
        return regex.startsWith("(?", at) && SAME_GROUPS.stream().noneMatch(group -> regex.startsWith(group, at));
    }

    /** Where an escape ends that both read in the same way, or -1. */
    private static int escapeEnd(String regex, int at) {
        if (at + 1 >= regex.length()) {
            return -1;
        }
        char kind = regex.charAt(at + 1);
        if (kind == 'p' || kind == 'P') {
            int close = regex.indexOf('}', at);
            boolean same = close > at + 3
                    && regex.charAt(at + 2) == '{'
                    && CATEGORIES.contains(regex.substring(at + 3, close));
            return same ? close + 1 : -1;
        }
        boolean same = SAME_ESCAPES.indexOf(kind) >= 0 || !Character.isLetterOrDigit(kind);
        return same ? at + 2 : -1;
    }
}
