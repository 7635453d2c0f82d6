package dev.braid.trainer.report;

import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * Shows how far a piece of work on data has come: {@code tokenizing  12.3k documents  45.1 MB of 213 MB (21%)  12.3 MB/s
 * 14s left}. One line in place on a terminal, else a line every ten seconds. Any thread may call.
 */
public final class WorkProgress {
    private static final long PLAIN_INTERVAL_NANOS = 10_000_000_000L;
    private static final long REDRAW_INTERVAL_NANOS = 50_000_000L;

    private final StatusLine out;
    private final String label;
    private final String unit;
    private final LongSupplier nanoClock;
    private final long startedAt;
    private long shownAt;

    /**
     * Starts the clock.
     *
     * @param label what is done, such as {@code tokenizing}
     * @param unit of what is counted, such as {@code documents}
     * @param nanoClock {@code System::nanoTime}
     */
    public WorkProgress(StatusLine out, String label, String unit, LongSupplier nanoClock) {
        this.out = out;
        this.label = label;
        this.unit = unit;
        this.nanoClock = nanoClock;
        this.startedAt = nanoClock.getAsLong();
        this.shownAt = startedAt;
    }

    /** Shows that {@code count} units with {@code bytes} bytes are done, of {@code totalBytes} where that is known. */
    public synchronized void update(long count, long bytes, OptionalLong totalBytes) {
        long now = nanoClock.getAsLong();
        boolean terminal = out.display().terminal();
        if (now - shownAt < (terminal ? REDRAW_INTERVAL_NANOS : PLAIN_INTERVAL_NANOS)) {
            return;
        }
        shownAt = now;
        Segments segments = segments(count, bytes, totalBytes, (now - startedAt) / 1e9);
        if (!terminal) {
            out.line(segments.all());
        } else if (totalBytes.isPresent()) {
            out.status(segments.withBar((double) bytes / totalBytes.getAsLong(), out.display()));
        } else {
            out.status(segments.all());
        }
    }

    /** Replaces the line in place by a last one that says what was done in which time. */
    public synchronized void done(long count, long bytes) {
        double seconds = (nanoClock.getAsLong() - startedAt) / 1e9;
        out.clear();
        String rate = seconds > 0 && bytes > 0 ? " (" + Format.decimalBytes(bytes / seconds) + "/s)" : "";
        String amount = bytes > 0 ? ", " + Format.decimalBytes(bytes) : "";
        out.line(label + ": " + Format.count(count) + " " + unit + amount + " in " + Format.duration(seconds) + rate);
    }

    private Segments segments(long count, long bytes, OptionalLong totalBytes, double seconds) {
        double rate = bytes / seconds;
        Segments segments = new Segments()
                .add(5, label)
                .add(3, Format.count(count) + " " + unit)
                .add(4, amount(bytes, totalBytes))
                .add(2, Format.decimalBytes(rate) + "/s");
        if (totalBytes.isPresent() && rate > 0) {
            segments.add(1, Format.duration(Math.max(0, totalBytes.getAsLong() - bytes) / rate) + " left");
        }
        return segments;
    }

    private static String amount(long bytes, OptionalLong totalBytes) {
        if (totalBytes.isEmpty() || totalBytes.getAsLong() <= 0) {
            return Format.decimalBytes(bytes);
        }
        long total = totalBytes.getAsLong();
        return Format.decimalBytes(bytes) + " of " + Format.decimalBytes(total) + " ("
                + Format.percent((double) bytes / total) + ")";
    }
}
