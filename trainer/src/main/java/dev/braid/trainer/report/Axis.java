package dev.braid.trainer.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A range of values with ticks at round numbers.
 *
 * @param low value at position 0
 * @param high value at position 1; above {@code low}
 * @param logarithmic positions are those of the logarithms
 * @param ticks ascending, within the range
 */
record Axis(double low, double high, boolean logarithmic, List<Tick> ticks) {
    /** A value and what stands beside it. */
    record Tick(double value, String label) {}

    private static final double PADDING = 0.04;

    /** An axis of whole steps, from the first to the last, which lie on its ends. */
    static Axis steps(double first, double last, int mostTicks) {
        if (last <= first) {
            return new Axis(first, first + 1, false, List.of(new Tick(first, Format.grouped((long) first))));
        }
        double interval = Math.max(1, niceInterval((last - first) / mostTicks));
        List<Tick> ticks = linearTicks(first, last, interval);
        if (ticks.isEmpty() || ticks.getFirst().value() - first > interval / 2) {
            ticks.addFirst(new Tick(first, Format.grouped((long) first)));
        }
        return new Axis(first, last, false, ticks);
    }

    /** An axis from 0 to {@code max}, and not further; 0 to 1 when that is 0. */
    static Axis from0(double max, int mostTicks) {
        double high = max > 0 ? max : 1;
        return new Axis(0, high, false, linearTicks(0, high, niceInterval(high / mostTicks)));
    }

    /** An axis with some room below and above the values; NaN for a range without any gives 0 to 1. */
    static Axis linear(double min, double max, int mostTicks) {
        if (Double.isNaN(min)) {
            return linear(0, 1, mostTicks);
        }
        double spread = max > min ? max - min : Math.max(Math.abs(max), 1e-12);
        double low = min - PADDING * spread;
        // Figures which cannot be negative do not get an axis that is.
        double floor = min >= 0 ? Math.max(0, low) : low;
        double high = max + PADDING * spread;
        return new Axis(floor, high, false, linearTicks(floor, high, niceInterval((high - floor) / mostTicks)));
    }

    /** As {@link #linear}, for positive values. */
    static Axis logarithmic(double min, double max, int mostTicks) {
        if (Double.isNaN(min)) {
            return logarithmic(1, 10, mostTicks);
        }
        double factor = Math.pow(max > min ? max / min : 4, PADDING);
        double low = min / factor;
        double high = max * factor;
        List<Tick> ticks = high / low < 8
                ? linearTicks(low, high, niceInterval((high - low) / mostTicks))
                : decadeTicks(low, high, mostTicks);
        return new Axis(low, high, true, ticks);
    }

    /** Where a value lies: 0 at {@code low}, 1 at {@code high}. */
    double position(double value) {
        return logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    }

    /** The one of 1, 2, 5 times a power of ten that is nearest to {@code wanted} by their ratio. */
    static double niceInterval(double wanted) {
        double power = Math.pow(10, Math.floor(Math.log10(wanted)));
        double rest = wanted / power;
        // The borders are the geometric means of 1 and 2, 2 and 5, 5 and 10.
        double factor = rest < Math.sqrt(2) ? 1 : rest < Math.sqrt(10) ? 2 : rest < Math.sqrt(50) ? 5 : 10;
        return factor * power;
    }

    private static List<Tick> linearTicks(double low, double high, double interval) {
        List<Tick> ticks = new ArrayList<>();
        double slack = interval * 1e-6;
        for (double k = Math.ceil((low - slack) / interval); k * interval <= high + slack; k++) {
            ticks.add(new Tick(k * interval, label(k * interval, interval, Math.max(Math.abs(low), Math.abs(high)))));
        }
        return ticks;
    }

    private static List<Tick> decadeTicks(double low, double high, int mostTicks) {
        double first = Math.ceil(Math.log10(low));
        double last = Math.floor(Math.log10(high));
        boolean few = (last - first + 1) * 3 <= mostTicks * 2;
        double stride = Math.max(1, Math.ceil((last - first + 1) / mostTicks));
        List<Tick> ticks = new ArrayList<>();
        for (double exponent = few ? first - 1 : first; exponent <= last; exponent += stride) {
            for (int factor : few ? new int[] {1, 2, 5} : new int[] {1}) {
                double value = factor * Math.pow(10, exponent);
                if (value >= low && value <= high) {
                    ticks.add(new Tick(value, label(value, value, value)));
                }
            }
        }
        return ticks;
    }

    /** As many digits as tell neighbours apart; thousands as k, M, B, T; very small and very large figures as 5e-4. */
    private static String label(double value, double interval, double largest) {
        if (Math.abs(value) < interval * 1e-6) {
            return "0";
        }
        if (largest >= 1e15 || largest < 0.01 || interval < 1e-4) {
            int digits = Math.clamp(exponent(value) - exponent(interval), 0, 9);
            String text = String.format(Locale.ROOT, "%." + digits + "e", value);
            int exponentAt = text.indexOf('e') + 1;
            return text.substring(0, exponentAt) + Integer.parseInt(text.substring(exponentAt));
        }
        double unit = 1;
        String suffix = "";
        for (String larger : new String[] {"k", "M", "B", "T"}) {
            if (Math.abs(value) >= 1000 * unit * (1 - 1e-9)) {
                unit *= 1000;
                suffix = larger;
            }
        }
        int decimals = Math.max(0, -exponent(interval / unit));
        String text = String.format(Locale.ROOT, "%." + decimals + "f", value / unit);
        return (suffix.isEmpty() ? text : withoutTrailingZeros(text)) + suffix;
    }

    private static String withoutTrailingZeros(String text) {
        return text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
    }

    private static int exponent(double value) {
        return (int) Math.floor(Math.log10(Math.abs(value)) + 1e-9);
    }
}
