package dev.braid.checkpoint;

/**
 * What two parts of one tensor have in common, as runs of elements that follow each other in both. Between bands of
 * different columns there is one run per row; between equal bands there is a single one.
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

    Overlap(Part source, Part target) {
        this.source = source;
        this.target = target;
        this.firstColumn = Math.max(source.band().first(), target.band().first());
        this.endColumn = Math.min(source.band().end(), target.band().end());
    }

    /**
     * Gives the runs whose elements lie in {@code from} until {@code to} of the source's band, which may be more than the
     * source has.
     */
    void runs(long from, long to, Runs runs) {
        long first = Math.max(from, source.from());
        long end = Math.min(to, source.to());
        if (first >= end || target.from() >= target.to() || firstColumn >= endColumn) {
            return;
        }
        if (source.band().equals(target.band())) {
            run(Math.max(first, target.from()), Math.min(end, target.to()), 0, runs);
            return;
        }
        long width = source.band().columns();
        long lastRow = Math.min((end - 1) / width, lastRow(target));
        for (long row = Math.max(first / width, firstRow(target)); row <= lastRow; row++) {
            // Where column 0 of this row would be in either count.
            long inSource = row * width - source.band().first();
            long inTarget = row * target.band().columns() - target.band().first();
            long low = Math.max(firstColumn, Math.max(first - inSource, target.from() - inTarget));
            long high = Math.min(endColumn, Math.min(end - inSource, target.to() - inTarget));
            run(inSource + low, inSource + high, inTarget - inSource, runs);
        }
    }

    /** True when {@link #runs} gives any. */
    boolean any(long from, long to) {
        boolean[] any = new boolean[1];
        runs(from, to, (first, second, count) -> any[0] = true);
        return any[0];
    }

    private static void run(long first, long end, long shift, Runs runs) {
        if (first < end) {
            runs.accept(first, first + shift, end - first);
        }
    }

    /** First element of the source's band that may be in the target; no earlier one is. */
    long first() {
        return Math.max(source.from(), firstRow(target) * source.band().columns());
    }

    /** First element of the source's band after all that may be in the target. */
    long end() {
        return target.from() >= target.to() || firstColumn >= endColumn
                ? first()
                : Math.min(source.to(), (lastRow(target) + 1) * source.band().columns());
    }

    private static long firstRow(Part part) {
        return part.from() / Math.max(1, part.band().columns());
    }

    private static long lastRow(Part part) {
        return (part.to() - 1) / Math.max(1, part.band().columns());
    }
}
