package dev.braid.parallelism;

/** Divides {@code count} elements over ranks as evenly as can be: the first {@code count % ranks} have one more. */
public final class Slices {
    private Slices() {}

    /** First element of the slice of {@code rank}. */
    public static long start(long count, int ranks, int rank) {
        return count / ranks * rank + Math.min(count % ranks, rank);
    }

    /** Number of elements in the slice of {@code rank}. */
    public static long size(long count, int ranks, int rank) {
        return count / ranks + (rank < count % ranks ? 1 : 0);
    }

    /** The sizes of all slices. */
    public static long[] sizes(long count, int ranks) {
        long[] sizes = new long[ranks];
        for (int rank = 0; rank < ranks; rank++) {
            sizes[rank] = size(count, ranks, rank);
        }
        return sizes;
    }
}
