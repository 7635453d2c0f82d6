package dev.braid.tensor.matmul;

import java.util.function.ToLongBiFunction;

/**
 * How products of groups of rows are cut into tiles of C, none of which lies in two groups. Depends on the sizes alone; bits do not
 * depend on it (see {@link MatmulEngine}).
 */
final class GroupTiling {
    private static final int ROWS = 256;
    /** Rows of a part are multiples of so many, so that products of few different sizes are made. */
    private static final int STEP = 16;

    private static final int COLUMNS = 512;
    /** So many tiles keep the cores of a rank busy to the end. */
    private static final int ENOUGH = 16;

    private final int[] group;
    private final int[] row;
    private final int[] height;
    private final int columns;
    private final int width;

    private GroupTiling(int[] group, int[] row, int[] height, int columns, int width) {
        this.group = group;
        this.row = row;
        this.height = height;
        this.columns = columns;
        this.width = width;
    }

    static GroupTiling of(int[] firstRows, int columns) {
        int groups = firstRows.length - 1;
        int bands = 0;
        for (int index = 0; index < groups; index++) {
            bands += Math.ceilDiv(firstRows[index + 1] - firstRows[index], ROWS);
        }
        int[] group = new int[bands];
        int[] row = new int[bands];
        int[] height = new int[bands];
        int band = 0;
        for (int index = 0; index < groups; index++) {
            int end = firstRows[index + 1];
            int even = part(end - firstRows[index], ROWS);
            for (int from = firstRows[index]; from < end; from += even) {
                group[band] = index;
                row[band] = from;
                height[band] = Math.min(even, end - from);
                band++;
            }
        }
        return new GroupTiling(group, row, height, columns, bands >= ENOUGH ? columns : Math.min(columns, COLUMNS));
    }

    /**
     * Length of the parts of at most {@code limit}, itself a multiple of 16, into which {@code length} is cut as evenly as multiples of
     * 16 allow: a short rest would cost as much packing as a long part. No more parts than {@code limit} needs.
     */
    static int part(int length, int limit) {
        int parts = Math.max(1, Math.ceilDiv(length, limit));
        return Math.ceilDiv(Math.ceilDiv(length, parts), STEP) * STEP;
    }

    private int strips() {
        return Math.ceilDiv(columns, width);
    }

    int tiles() {
        return group.length * strips();
    }

    int group(int tile) {
        return group[tile / strips()];
    }

    int row(int tile) {
        return row[tile / strips()];
    }

    int height(int tile) {
        return height[tile / strips()];
    }

    int column(int tile) {
        return tile % strips() * width;
    }

    int width(int tile) {
        return Math.min(width, columns - column(tile));
    }

    /** Makes room for what {@code prepare} says that tiles of each size need, each size once. */
    void kinds(Workspaces workspaces, ToLongBiFunction<Integer, Integer> prepare) {
        boolean[] seen = new boolean[ROWS + 1];
        long bytes = 0;
        for (int tile = 0; tile < tiles(); tile += strips()) {
            int rows = height(tile);
            if (!seen[rows]) {
                seen[rows] = true;
                bytes = Math.max(bytes, prepare.applyAsLong(rows, width));
                bytes = Math.max(bytes, prepare.applyAsLong(rows, width(tile + strips() - 1)));
            }
        }
        workspaces.require(bytes);
    }
}
