package dev.braid.checkpoint;

/**
 * What two parts of one tensor have in common, as runs of elements that follow each other in both. Between bands of
 * different columns there is one run per row; between equal bands there is a single one. A source element lies in the
 * target at the same row and column.
 */
final class Overlap {
    /** Takes runs in ascending order. */
    @FunctionalInterface
    interface Runs {
        /** {@code count} elements: {@code source} and on of the source's band, {@code target} and on of the target's. */
        void accept(long source, long target, long count);
    }

    private final Part source;
    private final Part target;
    private final long firstColumn;
    private final long endColumn;
    private final boolean empty;

    Overlap(Part source, Part target) {
        this.source = source;
        this.target = target;
        this.firstColumn = Math.max(source.band().first(), target.band().first());
        this.endColumn = Math.min(source.band().end(), target.band().end());
        this.empty = firstColumn >= endColumn || source.from() >= source.to() || target.from() >= target.to();
    }

    /** Gives the runs whose elements lie in {@code from} until {@code to} of the source's band. */
    void runs(long from, long to, Runs runs) {
        long first = Math.max(from, source.from());
        long end = Math.min(to, source.to());
        if (empty || first >= end) {
            return;
        }
        if (sameBand()) {
            run(Math.max(first, target.from()), Math.min(end, target.to()), 0, runs);
            return;
        }
        long lastRow = Math.min(row(end - 1, source), row(target.to() - 1, target));
        for (long row = Math.max(row(first, source), row(target.from(), target)); row <= lastRow; row++) {
            run(low(row, first), high(row, end), origin(row, target) - origin(row, source), runs);
        }
    }

    private static void run(long first, long end, long shift, Runs runs) {
        if (first < end) {
            runs.accept(first, first + shift, end - first);
        }
    }

    /** True when {@link #runs} gives any. */
    boolean any(long from, long to) {
        long first = Math.max(from, Math.max(source.from(), first()));
        long end = Math.min(to, Math.min(source.to(), end()));
        if (empty || first >= end) {
            return false;
        }
        // The rows between the first and the last one are whole, so the first two and the last one decide.
        long firstRow = row(first, source);
        long lastRow = row(end - 1, source);
        return low(firstRow, first) < high(firstRow, end)
                || low(lastRow, first) < high(lastRow, end)
                || (firstRow + 1 < lastRow && low(firstRow + 1, first) < high(firstRow + 1, end));
    }

    /** The first element of the source's band that may be in the target. */
    long first() {
        if (empty || sameBand()) {
            return Math.max(source.from(), empty ? 0 : target.from());
        }
        long row = row(target.from(), target);
        long column = Math.clamp(target.from() - origin(row, target), firstColumn, endColumn);
        return Math.max(source.from(), origin(row, source) + column);
    }

    /** The first element of the source's band after all that may be in the target; at most {@link #first} when none may. */
    long end() {
        if (empty || sameBand()) {
            return Math.min(source.to(), empty ? first() : target.to());
        }
        long row = row(target.to() - 1, target);
        long column = Math.clamp(target.to() - origin(row, target), firstColumn, endColumn);
        return Math.min(source.to(), origin(row, source) + column);
    }

    private boolean sameBand() {
        return source.band().equals(target.band());
    }

    /** First element of the source, at least {@code first}, that lies in row {@code row} of both. */
    private long low(long row, long first) {
        long inSource = origin(row, source);
        return Math.max(first, inSource + Math.max(firstColumn, target.from() - origin(row, target)));
    }

    /** The first element of the source after those of row {@code row}, at most {@code end}. */
    private long high(long row, long end) {
        long inSource = origin(row, source);
        return Math.min(end, inSource + Math.min(endColumn, target.to() - origin(row, target)));
    }

    private static long row(long element, Part part) {
        return element / part.band().columns();
    }

    /** Where column 0 of the whole tensor's row {@code row} would be in the count of the part's band. */
    private static long origin(long row, Part part) {
        return row * part.band().columns() - part.band().first();
    }
}
