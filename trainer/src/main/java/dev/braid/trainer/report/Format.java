package dev.braid.trainer.report;

import java.util.Locale;

/** Figures as people read them: few digits, a unit, always the same in every locale. */
public final class Format {
    private static final String[] THOUSANDS = {"", "k", "M", "B", "T"};
    private static final String[] DECIMAL_PREFIXES = {"", "k", "M", "G", "T", "P", "E", "Z", "Y"};
    private static final String[] BINARY_PREFIXES = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

    /** The largest prefix that a config takes in a size: Ti. */
    private static final int LARGEST_SIZE = 4;

    private Format() {}

    /** Three significant digits with k, M, B or T: {@code 12.3k}; whole numbers under 1000 stay whole. */
    public static String count(double value) {
        if (!Double.isFinite(value)) {
            return nonFinite(value);
        }
        if (value == Math.rint(value) && Math.abs(value) < 1000) {
            return Long.toString((long) value);
        }
        return scaled(value, 1000, THOUSANDS, "", 2);
    }

    /** Every digit, in groups of three: {@code 1,234,567}. */
    public static String grouped(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** Memory in powers of 1024: {@code 512 B}, {@code 2.1 GiB}, {@code 213 MiB}. */
    public static String bytes(double value) {
        return withUnit(value, 1024, BINARY_PREFIXES, "B");
    }

    /** A size to the byte, as a config or an option takes it: {@code 300MiB}. */
    public static String exactBytes(long bytes) {
        int unit = Math.min(Long.numberOfTrailingZeros(bytes) / 10, LARGEST_SIZE);
        return (bytes >> (10 * unit)) + BINARY_PREFIXES[unit] + "B";
    }

    /** Data on disk and on the wire in powers of 1000: {@code 12.3 MB}. */
    public static String decimalBytes(double value) {
        return withUnit(value, 1000, DECIMAL_PREFIXES, "B");
    }

    /** Floating-point operations a second: {@code 310 GFLOP/s}, {@code 1.2 TFLOP/s}. */
    public static String flops(double perSecond) {
        return withUnit(perSecond, 1000, DECIMAL_PREFIXES, "FLOP/s");
    }

    /** Floating-point operations: {@code 735 GFLOP}, {@code 42.3 ZFLOP}. */
    public static String operations(double count) {
        return withUnit(count, 1000, DECIMAL_PREFIXES, "FLOP");
    }

    /** The two largest units of a time in seconds: {@code 0.4s}, {@code 12s}, {@code 1m12s}, {@code 1h02m}, {@code 2d03h}. */
    public static String duration(double seconds) {
        if (!Double.isFinite(seconds)) {
            return nonFinite(seconds);
        }
        if (seconds < 0) {
            return "-" + duration(-seconds);
        }
        if (seconds < 9.95) {
            return String.format(Locale.ROOT, "%.1fs", seconds);
        }
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + "s";
        }
        if (whole < 3600) {
            return pair(whole, 60, "m", "s");
        }
        long minutes = Math.round(seconds / 60);
        if (minutes < 24 * 60) {
            return pair(minutes, 60, "h", "m");
        }
        return pair(Math.round(seconds / 3600), 24, "d", "h");
    }

    /** A part of one: {@code 0.414} is {@code 41%}, {@code 0.041} is {@code 4.1%}. */
    public static String percent(double share) {
        if (!Double.isFinite(share)) {
            return nonFinite(share);
        }
        double percent = share * 100;
        return String.format(Locale.ROOT, Math.abs(percent) < 9.95 && percent != 0 ? "%.1f%%" : "%.0f%%", percent);
    }

    /** A part of one to a tenth of a percent, for what matters near the whole: {@code 0.9934} is {@code 99.3%}. */
    public static String finePercent(double share) {
        return Double.isFinite(share) ? String.format(Locale.ROOT, "%.1f%%", share * 100) : nonFinite(share);
    }

    /**
     * A loss or a norm with {@code decimals} digits after the point, so that a column of them keeps its width; figures too
     * small or too large for that are written as {@code 4.2e-5}.
     */
    public static String fixed(double value, int decimals) {
        if (!Double.isFinite(value)) {
            return nonFinite(value);
        }
        double magnitude = Math.abs(value);
        if (magnitude != 0 && (magnitude < Math.pow(10, 1 - decimals) || magnitude >= 1e6)) {
            return scientific(value);
        }
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /** Two significant digits and a power of ten, as in config files: {@code 3.0e-3}; zero is {@code 0}. */
    public static String scientific(double value) {
        if (!Double.isFinite(value)) {
            return nonFinite(value);
        }
        if (value == 0) {
            return "0";
        }
        String text = String.format(Locale.ROOT, "%.1e", value);
        int exponentAt = text.indexOf('e') + 1;
        return text.substring(0, exponentAt) + Integer.parseInt(text.substring(exponentAt));
    }

    private static String pair(long value, long base, String major, String minor) {
        return String.format(Locale.ROOT, "%d%s%02d%s", value / base, major, value % base, minor);
    }

    private static String withUnit(double value, int base, String[] prefixes, String unit) {
        if (!Double.isFinite(value)) {
            return nonFinite(value) + " " + unit;
        }
        if (value == Math.rint(value) && Math.abs(value) < base) {
            return (long) value + " " + unit;
        }
        return scaled(value, base, prefixes, " ", 1) + unit;
    }

    /** Moves to the next prefix while rounding would print 1000 or more: 999,999 is 1.00M and not 1000k. */
    private static String scaled(double value, int base, String[] prefixes, String separator, int mostDecimals) {
        double rest = value;
        int prefix = 0;
        while (prefix < prefixes.length - 1 && Math.abs(rest) >= (base == 1000 ? 999.5 : base - 0.5)) {
            rest /= base;
            prefix++;
        }
        double magnitude = Math.abs(rest);
        int decimals = magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : mostDecimals;
        return String.format(Locale.ROOT, "%." + decimals + "f", rest) + separator + prefixes[prefix];
    }

    private static String nonFinite(double value) {
        return Double.isNaN(value) ? "NaN" : value > 0 ? "inf" : "-inf";
    }
}
