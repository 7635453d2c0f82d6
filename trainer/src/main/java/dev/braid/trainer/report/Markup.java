package dev.braid.trainer.report;

import java.util.Locale;

/** Text and numbers as XML, which is HTML too. */
final class Markup {
    private Markup() {}

    /** Text for an element or a quoted attribute; characters that XML does not allow become U+FFFD. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(character -> {
            switch (character) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                default -> escaped.appendCodePoint(isAllowed(character) ? character : 0xfffd);
            }
        });
        return escaped.toString();
    }

    /** A coordinate with at most one digit after the point. */
    static String coordinate(double value) {
        long tenths = Math.round(value * 10);
        long whole = Math.abs(tenths) / 10;
        long rest = Math.abs(tenths) % 10;
        return (tenths < 0 ? "-" : "") + whole + (rest == 0 ? "" : "." + rest);
    }

    /** A JSON number with six significant digits; {@code null} for what is not finite. */
    static String json(double value) {
        if (!Double.isFinite(value)) {
            return "null";
        }
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            return Long.toString((long) value);
        }
        return Double.toString(Double.parseDouble(String.format(Locale.ROOT, "%.5e", value)));
    }

    private static boolean isAllowed(int character) {
        if (character < 0x20) {
            return character == '\n' || character == '\t' || character == '\r';
        }
        boolean surrogate = character >= 0xd800 && character <= 0xdfff;
        boolean control = character >= 0x7f && character <= 0x9f;
        return !surrogate && !control && character != 0xfffe && character != 0xffff;
    }
}
