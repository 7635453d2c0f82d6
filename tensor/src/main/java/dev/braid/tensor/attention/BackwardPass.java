package dev.braid.tensor.attention;

import static dev.braid.tensor.attention.MicroKernel.ROWS;

/**
 * The backward pass of one call (FlashAttention-2, algorithm 2, with the loops exchanged). A task is one key head of one
 * batch entry: it packs all of K and V once, goes through the query heads that share them and their blocks of query rows,
 * and through the blocks of keys innermost. So dQ of a block of queries is summed over keys in their order while it lies in
 * the cache, and dK and dV are summed over heads and queries in theirs, each by its one writer.
 */
final class BackwardPass {
    /** Keys of a block. */
    private static final int BLOCK = 64;

    /** Query rows of a block. */
    private static final int QUERIES = 64;

    /** Query rows of a strip, and key rows of one: what goes through the register blocks at once. */
    private static final int ROWS = 2 * MicroKernel.ROWS;

    private static final double LOG2_E = 1 / Math.log(2);

    private final AttentionKernel.Problem problem;
    private final AttentionKernel.Gradients gradients;
    private final AttentionSpec spec;
    private final int size;
    private final int padded;
    private final int valueSize;
    private final int valuePadded;
    private final int keyRows;
    private final long rowBytes;
    private final long valueBytes;
    /** Floats from the workspace's start to each of its parts. */
    private final long keysAt;

    private final long keyTilesAt;
    private final long valueTilesAt;
    private final long dkAt;
    private final long dvAt;
    private final long queriesAt;
    private final long outputsAt;
    private final long dqAt;
    private final long scoresAt;
    private final long productsAt;
    private final long slopesAt;
    private final long lsesAt;
    private final long deltasAt;
    private final long zerosAt;
    private final long end;

    BackwardPass(AttentionKernel.Problem problem, AttentionKernel.Gradients gradients) {
        this.problem = problem;
        this.gradients = gradients;
        this.spec = problem.spec();
        size = problem.headSize();
        padded = Lanes.padded(size);
        rowBytes = 4L * padded;
        valueSize = problem.valueSize();
        valuePadded = Lanes.padded(valueSize);
        valueBytes = 4L * valuePadded;
        keyRows = (spec.keys() + BLOCK - 1) / BLOCK * BLOCK;
        long allKeys = (long) keyRows * padded;
        long allValues = (long) keyRows * valuePadded;
        long block = (long) QUERIES * padded;
        long valueBlock = (long) QUERIES * valuePadded;
        keysAt = 0;
        keyTilesAt = keysAt + allKeys;
        valueTilesAt = keyTilesAt + allKeys;
        dkAt = valueTilesAt + allValues;
        dvAt = dkAt + allKeys;
        queriesAt = dvAt + allValues;
        outputsAt = queriesAt + block;
        dqAt = outputsAt + valueBlock;
        scoresAt = dqAt + Math.max(block, valueBlock);
        productsAt = scoresAt + (long) QUERIES * BLOCK;
        slopesAt = productsAt + (long) QUERIES * BLOCK;
        lsesAt = slopesAt + (spec.options().capped() ? (long) ROWS * BLOCK : 0);
        deltasAt = lsesAt + QUERIES;
        zerosAt = deltasAt + QUERIES;
        end = zerosAt + MicroKernel.ZEROS;
    }

    /** Number of tasks. */
    int tasks() {
        return spec.batch() * problem.kvHeads();
    }

    /** Floats of workspace that a core needs. */
    long workspaceFloats() {
        return (end + 15) / 16 * 16;
    }

    /** Runs one task. */
    void run(int task, long workspace) {
        int batch = task / problem.kvHeads();
        int kvHead = task % problem.kvHeads();
        packKeys(batch, kvHead, workspace);
        for (int member = 0; member < problem.group(); member++) {
            int head = kvHead * problem.group() + member;
            for (int query = 0; query < spec.queries(); query += QUERIES) {
                queries(batch, head, query, Math.min(QUERIES, spec.queries() - query), workspace);
            }
        }
        long row = (long) batch * spec.keys();
        float unscale = (float) (1 / LOG2_E);
        for (int key = 0; key < spec.keys(); key++) {
            long ofKey = workspace + 4 * dkAt + key * rowBytes;
            Packing.unpack(ofKey, unscale, gradients.dk(), row + key, kvHead, size);
            long ofValue = workspace + 4 * dvAt + key * valueBytes;
            Packing.unpack(ofValue, 1, gradients.dv(), row + key, kvHead, valueSize);
        }
    }

    /** V goes through the place of dV, which is zeroed last. */
    private void packKeys(int batch, int kvHead, long workspace) {
        long row = (long) batch * spec.keys();
        long keys = workspace + 4 * keysAt;
        long values = workspace + 4 * dvAt;
        Packing.rows(problem.k(), row, kvHead, size, spec.keys(), keyRows, 1, keys);
        transpose(keys, size, workspace + 4 * keyTilesAt);
        Packing.rows(problem.v(), row, kvHead, valueSize, spec.keys(), keyRows, 1, values);
        transpose(values, valueSize, workspace + 4 * valueTilesAt);
        Packing.zero(workspace + 4 * zerosAt, MicroKernel.ZEROS);
        Packing.zero(workspace + 4 * dkAt, (long) keyRows * padded);
        Packing.zero(values, (long) keyRows * valuePadded);
    }

    private void transpose(long source, int columns, long target) {
        long bytes = 4L * Lanes.padded(columns);
        for (int key = 0; key < keyRows; key += BLOCK) {
            Packing.transpose(source + key * bytes, columns, BLOCK, target + 4L * key * columns);
        }
    }

    /** One block of query rows of one head against all keys that it sees. */
    private void queries(int batch, int head, int first, int rows, long workspace) {
        packQueries(batch, head, first, rows, workspace);
        int seen = spec.keysEnd(first + rows - 1);
        for (int key = 0; key < seen; key += BLOCK) {
            int keys = Math.min(BLOCK, spec.keys() - key);
            if (!spec.seesAny(first, first + rows - 1, key, keys)) {
                continue;
            }
            for (int row = 0; row < rows; row += ROWS) {
                strip(first, row, key, keys, workspace);
            }
            keyGradients(first, rows, key, keys, workspace);
        }
        for (int row = 0; row < rows; row++) {
            long target = (long) batch * spec.queries() + first + row;
            long source = workspace + 4 * dqAt + row * rowBytes;
            Packing.unpack(source, spec.scale(), gradients.dq(), target, head, size);
        }
    }

    /** O goes through the place of dQ, which is zeroed last. */
    private void packQueries(int batch, int head, int first, int rows, long workspace) {
        long row = (long) batch * spec.queries() + first;
        int whole = (rows + ROWS - 1) / ROWS * ROWS;
        float factor = (float) (spec.scale() * LOG2_E);
        long outputs = workspace + 4 * outputsAt;
        long dq = workspace + 4 * dqAt;
        Packing.rows(problem.q(), row, head, size, rows, whole, factor, workspace + 4 * queriesAt);
        Packing.rows(gradients.dO(), row, head, valueSize, rows, whole, 1, outputs);
        Packing.rows(gradients.o(), row, head, valueSize, rows, whole, 1, dq);
        for (int i = 0; i < whole; i++) {
            long index = problem.lseIndex(batch, head, first + Math.min(i, rows - 1));
            double lse = Lanes.get(gradients.lse() + 4 * index) * LOG2_E;
            Lanes.set(workspace + 4 * (lsesAt + i), (float) Math.max(lse, Softmax.NONE));
            float delta =
                    Softmax.dot(outputs + i * valueBytes, dq + i * valueBytes, valuePadded, workspace + 4 * scoresAt);
            Lanes.set(workspace + 4 * (deltasAt + i), delta);
        }
        Packing.zero(dq, (long) whole * padded);
    }

    /** Probabilities and dS of eight query rows in one block of keys, and their part of dQ. */
    private void strip(int first, int row, int key, int keys, long workspace) {
        int query = first + row;
        if (!spec.seesAny(query, query + ROWS - 1, key, keys)) {
            return;
        }
        int visible = Math.min(keys, spec.keysEnd(query + ROWS - 1) - key);
        long scores = workspace + 4 * (scoresAt + (long) row * BLOCK);
        long products = workspace + 4 * (productsAt + (long) row * BLOCK);
        long queries = workspace + 4 * queriesAt + row * rowBytes;
        long outputs = workspace + 4 * outputsAt + row * valueBytes;
        int columns = Lanes.padded(visible);
        long keyTile = workspace + 4 * keyTilesAt + 4L * key * size;
        long zeros = workspace + 4 * zerosAt;
        long valueTile = workspace + 4 * valueTilesAt + 4L * key * valueSize;
        MicroKernel.multiply(queries, rowBytes, 4, keyTile, 4L * BLOCK, size, zeros, scores, 4L * BLOCK, ROWS, columns);
        MicroKernel.multiply(
                outputs, valueBytes, 4, valueTile, 4L * BLOCK, valueSize, zeros, products, 4L * BLOCK, ROWS, columns);
        long slopes = workspace + 4 * slopesAt;
        if (spec.options().capped()) {
            SoftCap.applyWithSlopes(
                    scores, slopes, 4L * BLOCK, ROWS, columns, spec.options().cap());
        }
        Mask.apply(spec, query, ROWS, key, visible, scores, 4L * BLOCK, columns);
        Powers.replace(scores, 4L * BLOCK, ROWS, columns, workspace + 4 * (lsesAt + row));
        for (int i = 0; i < ROWS; i++) {
            long line = 4L * BLOCK * i;
            float delta = Lanes.get(workspace + 4 * (deltasAt + row + i));
            Softmax.differentiate(scores + line, products + line, columns, delta);
            if (spec.options().capped()) {
                SoftCap.multiply(products + line, slopes + line, columns);
            }
        }
        MicroKernel.add(
                products,
                4L * BLOCK,
                4,
                workspace + 4 * keysAt + key * rowBytes,
                rowBytes,
                visible,
                workspace + 4 * dqAt + row * rowBytes,
                rowBytes,
                ROWS,
                padded);
    }

    /** Adds {@code P^T dO} to dV and {@code dS^T Q} to dK for the keys of one block, eight at a time. */
    private void keyGradients(int first, int rows, int key, int keys, long workspace) {
        int from = 0;
        int to = 0;
        for (int strip = 0; strip < keys; strip += ROWS) {
            while (from < rows && spec.keysEnd(first + from) <= key + strip) {
                from++;
            }
            if (from == rows) {
                return;
            }
            // Rows beyond have this strip behind their window, and what lies in the tiles there is of another block.
            int last = Math.min(key + strip + ROWS, spec.keys()) - 1;
            while (to < rows && (spec.windowStart(first + to) <= last || key + strip < spec.sinkKeys())) {
                to++;
            }
            if (to <= from) {
                continue;
            }
            long scores = workspace + 4 * (scoresAt + (long) from * BLOCK + strip);
            long products = workspace + 4 * (productsAt + (long) from * BLOCK + strip);
            long queryRow = from * rowBytes;
            long keyRow = (key + strip) * rowBytes;
            MicroKernel.add(
                    scores,
                    4,
                    4L * BLOCK,
                    workspace + 4 * outputsAt + from * valueBytes,
                    valueBytes,
                    to - from,
                    workspace + 4 * dvAt + (key + strip) * valueBytes,
                    valueBytes,
                    ROWS,
                    valuePadded);
            MicroKernel.add(
                    products,
                    4,
                    4L * BLOCK,
                    workspace + 4 * queriesAt + queryRow,
                    rowBytes,
                    to - from,
                    workspace + 4 * dkAt + keyRow,
                    rowBytes,
                    ROWS,
                    padded);
        }
    }
}
