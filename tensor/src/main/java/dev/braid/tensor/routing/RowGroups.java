package dev.braid.tensor.routing;

import java.util.Arrays;

/**
 * Rows of a matrix in runs, one run an expert. Each run begins at a multiple of {@link #ALIGNMENT} rows; the rows that fill it up
 * are zero and stand for no token. So matrix products see few different heights, and none that splits a vector.
 *
 * @param counts rows of each expert that stand for a token
 * @param first first row of each expert's run and, behind the last one, the number of rows
 */
public record RowGroups(int[] counts, int[] first) {
    /** Runs begin at multiples of so many rows. */
    public static final int ALIGNMENT = 16;

    /** Runs of so many rows, one after the other. */
    public static RowGroups of(int[] counts) {
        int[] first = new int[counts.length + 1];
        for (int group = 0; group < counts.length; group++) {
            int aligned = Math.ceilDiv(counts[group], ALIGNMENT) * ALIGNMENT;
            first[group + 1] = Math.addExact(first[group], aligned);
        }
        return new RowGroups(counts.clone(), first);
    }

    /** Runs of so many rows, one after the other, with none that fills up: not for matrix products. */
    public static RowGroups dense(int[] counts) {
        int[] first = new int[counts.length + 1];
        for (int group = 0; group < counts.length; group++) {
            first[group + 1] = Math.addExact(first[group], counts[group]);
        }
        return new RowGroups(counts.clone(), first);
    }

    /** Runs of {@code rows} that are divided as evenly as can be: what a rehearsal takes for granted. */
    public static RowGroups even(int groups, int rows) {
        int[] counts = new int[groups];
        for (int group = 0; group < groups; group++) {
            counts[group] = rows / groups + (group < rows % groups ? 1 : 0);
        }
        return of(counts);
    }

    /** Number of runs. */
    public int groups() {
        return counts.length;
    }

    /** Rows of all runs, those that fill up among them. */
    public int rows() {
        return first[counts.length];
    }

    /** Rows that stand for a token. */
    public int occupied() {
        return Arrays.stream(counts).sum();
    }

    /** Rows of a run, those that fill it up among them. */
    public int height(int group) {
        return first[group + 1] - first[group];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RowGroups groups
                && Arrays.equals(counts, groups.counts)
                && Arrays.equals(first, groups.first);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(counts);
    }

    @Override
    public String toString() {
        return "rows " + Arrays.toString(counts);
    }
}
