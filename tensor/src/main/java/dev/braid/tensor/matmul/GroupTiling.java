package dev.braid.tensor.matmul;

import java.util.function.ToLongBiFunction;

/**
 * How products of groups of rows are cut into tiles of C, none of which lies in two groups. Depends on the sizes alone; bits do not
 * depend on it (see {@link MatmulEngine}).
 */
final class GroupTiling {
    private static final int ROWS = 256;
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
            for (int from = firstRows[index]; from < firstRows[index + 1]; from += ROWS) {
                group[band] = index;
                row[band] = from;
                height[band] = Math.min(ROWS, firstRows[index + 1] - from);
                band++;
            }
        }
        return new GroupTiling(group, row, height, columns, bands >= ENOUGH ? columns : Math.min(columns, COLUMNS));
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
