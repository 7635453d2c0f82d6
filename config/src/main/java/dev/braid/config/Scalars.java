package dev.braid.config;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads single values by the core schema of YAML 1.2 (section 10.3.2), and refuses the forms that readers of YAML 1.1 and 1.2
 * understand differently: {@code 010}, {@code 1_000}, {@code 12:30:00}, {@code 0b11}, {@code yes}.
 */
final class Scalars {
    private static final Pattern DECIMAL = Pattern.compile("[-+]?(0|[1-9][0-9]*)");
    private static final Pattern OCTAL = Pattern.compile("0o[0-7]+");
    private static final Pattern HEXADECIMAL = Pattern.compile("0x[0-9a-fA-F]+");
    private static final Pattern FLOAT = Pattern.compile("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");
    private static final Pattern NOT_FINITE = Pattern.compile("[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)");

    private static final Pattern LEADING_ZERO = Pattern.compile("[-+]?0[0-9]+");
    private static final Pattern UNDERSCORES =
            Pattern.compile("[-+]?[0-9][0-9_]*_[0-9_]*(\\.[0-9_]*)?([eE][-+]?[0-9]+)?");
    private static final Pattern BASE_SIXTY = Pattern.compile("[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\\.[0-9_]*)?");
    private static final Pattern BINARY = Pattern.compile("[-+]?0b[01_]+");
    private static final Pattern COMMAS = Pattern.compile("[-+]?[0-9]{1,3}(,[0-9]{3})+");
    private static final Pattern DECIMAL_COMMA = Pattern.compile("[-+]?[0-9]+,[0-9]+");

    private static final Pattern DATE = Pattern.compile("[0-9]{4}-[0-9].*");

    private static final Set<String> NULLS = Set.of("null", "Null", "NULL", "~");
    private static final Set<String> TRUTHS = Set.of("true", "True", "TRUE", "false", "False", "FALSE");
    private static final Set<String> OLD_TRUE = Set.of("yes", "y", "on");
    private static final Set<String> OLD_FALSE = Set.of("no", "n", "off");

    private Scalars() {}

    /** What became of a scalar. */
    sealed interface Reading {}

    /** The value that was read. */
    record Read(Object value) implements Reading {}

    /** Why it could not be read. */
    record Refused(String problem, String fix) implements Reading {}

    static boolean isNull(Value.Scalar scalar) {
        return scalar.plain() && NULLS.contains(scalar.text());
    }

    static boolean isEmpty(Value.Scalar scalar) {
        return scalar.plain() && scalar.text().isEmpty();
    }

    static boolean isTruth(String text) {
        return TRUTHS.contains(text);
    }

    static boolean isNumber(String text) {
        return isWhole(text)
                || FLOAT.matcher(text).matches()
                || NOT_FINITE.matcher(text).matches();
    }

    static boolean isWhole(String text) {
        return DECIMAL.matcher(text).matches()
                || OCTAL.matcher(text).matches()
                || HEXADECIMAL.matcher(text).matches();
    }

    /** Whether some YAML reader takes the plain text for something else than text. */
    static boolean isMistakable(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        return isNumber(text)
                || isTruth(text)
                || NULLS.contains(text)
                || OLD_TRUE.contains(lower)
                || OLD_FALSE.contains(lower)
                || DATE.matcher(text).matches()
                || trap(text).isPresent();
    }

    /** Reads a whole number between {@code least} and {@code most}. */
    static Reading whole(Value.Scalar scalar, long least, long most) {
        String text = scalar.text();
        if (!scalar.plain()) {
            return quoted(scalar, "a whole number");
        }
        if (isWhole(text)) {
            return ranged(text, integer(text), least, most);
        }
        Optional<Refused> trap = trap(text);
        if (trap.isPresent()) {
            return trap.get();
        }
        String problem = "expected a whole number, got " + scalar.described();
        if (FLOAT.matcher(text).matches()) {
            return new Refused(problem, wholeFix(text, least, most));
        }
        return new Refused(problem, separatorFix(text, COMMAS, ""));
    }

    /** Reads a finite number. */
    static Reading number(Value.Scalar scalar) {
        String text = scalar.text();
        if (!scalar.plain()) {
            return quoted(scalar, "a number");
        }
        Optional<Refused> trap = trap(text);
        if (trap.isPresent()) {
            return trap.get();
        }
        if (isWhole(text)) {
            return new Read(integer(text).doubleValue());
        }
        if (FLOAT.matcher(text).matches()) {
            double value = Double.parseDouble(text);
            return Double.isFinite(value)
                    ? new Read(value)
                    : new Refused(text + " is beyond the largest number, about 1.8e308", "");
        }
        if (NOT_FINITE.matcher(text).matches()) {
            return new Refused("expected a finite number, got " + text, "");
        }
        return new Refused(
                "expected a number, got " + scalar.described(),
                COMMAS.matcher(text).matches()
                        ? separatorFix(text, COMMAS, "")
                        : separatorFix(text, DECIMAL_COMMA, "."));
    }

    /** Reads {@code true} or {@code false}. */
    static Reading truth(Value.Scalar scalar) {
        String text = scalar.text();
        String lower = text.toLowerCase(Locale.ROOT);
        if (scalar.plain() && TRUTHS.contains(text)) {
            return new Read(lower.equals("true"));
        }
        String problem = "expected true or false, got " + scalar.described();
        if (!scalar.plain()) {
            return new Refused(problem, TRUTHS.contains(text) ? "remove the quotes" : "");
        }
        if (OLD_TRUE.contains(lower)) {
            return new Refused(problem, "write true");
        }
        return new Refused(problem, OLD_FALSE.contains(lower) ? "write false" : "");
    }

    private static Refused quoted(Value.Scalar scalar, String wanted) {
        return new Refused(
                "expected " + wanted + ", got " + scalar.described(),
                isNumber(scalar.text()) ? "remove the quotes" : "");
    }

    private static Reading ranged(String text, BigInteger value, long least, long most) {
        if (value.compareTo(BigInteger.valueOf(least)) < 0 || value.compareTo(BigInteger.valueOf(most)) > 0) {
            return new Refused(text + " is out of range; allowed are whole numbers from " + least + " to " + most, "");
        }
        return new Read(value.longValueExact());
    }

    private static BigInteger integer(String text) {
        if (text.startsWith("0o")) {
            return new BigInteger(text.substring(2), 8);
        }
        if (text.startsWith("0x")) {
            return new BigInteger(text.substring(2), 16);
        }
        return new BigInteger(text);
    }

    private static Optional<Refused> trap(String text) {
        if (LEADING_ZERO.matcher(text).matches()) {
            return Optional.of(new Refused(
                    "'" + text + "' has a leading zero, which some YAML readers take for octal",
                    "write " + new BigInteger(text)));
        }
        if (UNDERSCORES.matcher(text).matches()) {
            return Optional.of(new Refused(
                    "'" + text + "' has an underscore, which makes it a number to some YAML readers and text to others",
                    "write " + text.replace("_", "")));
        }
        if (BASE_SIXTY.matcher(text).matches()) {
            return Optional.of(new Refused(
                    "'" + text + "' is a number in base 60 to some YAML readers and text to others",
                    "write a plain number"));
        }
        if (BINARY.matcher(text).matches()) {
            return Optional.of(new Refused(
                    "'" + text + "' is a binary number to some YAML readers and text to others",
                    "write " + new BigInteger(text.replace("0b", "").replace("_", ""), 2)));
        }
        return Optional.empty();
    }

    private static String wholeFix(String text, long least, long most) {
        BigDecimal value = new BigDecimal(text.endsWith(".") ? text + "0" : text);
        // The exponent is looked at first: writing out 1e999999999 would not end.
        if (Math.abs((long) value.precision() - value.scale()) > 20 || value.scale() > 40) {
            return "";
        }
        BigDecimal stripped = value.stripTrailingZeros();
        boolean inside =
                value.compareTo(BigDecimal.valueOf(least)) >= 0 && value.compareTo(BigDecimal.valueOf(most)) <= 0;
        return stripped.scale() <= 0 && inside ? "write " + stripped.toPlainString() : "";
    }

    private static String separatorFix(String text, Pattern pattern, String separator) {
        return pattern.matcher(text).matches() ? "write " + text.replace(",", separator) : "";
    }
}
