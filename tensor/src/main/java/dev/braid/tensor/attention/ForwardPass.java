package dev.braid.tensor.attention;

import static dev.braid.tensor.attention.Lanes.LANES;

/**
 * The forward pass of one call. A task is a chunk of query rows of all heads that share a key head. Per block of keys it
 * packs K (transposed) and V once, so that they stay in the first-level cache, and takes the query rows through it in
 * strips of eight: scores, softmax, weighted values.
 */
final class ForwardPass {
    /** Keys of a block. Blocks start at multiples of it, whatever the queries, which fixes the order of all sums. */
    static final int BLOCK = 64;

    /** Query rows of a strip: what goes through the register blocks and the softmax at once. */
    private static final int ROWS = 2 * MicroKernel.ROWS;

    /** Query rows of all heads in a task, roughly: what the packing of a block is spread over. */
    private static final int TASK_ROWS = 512;

    private static final double LOG2_E = 1 / Math.log(2);

    private final AttentionKernel.Problem problem;
    private final AttentionSpec spec;
    private final Operand o;
    private final long lse;
    private final int size;
    private final int padded;
    private final int valueSize;
    private final int valuePadded;
    private final int group;
    private final int chunk;
    private final int chunks;
    /** Floats from the workspace's start to each of its parts. */
    private final long keysAt;

    private final long valuesAt;
    private final long queriesAt;
    private final long outputsAt;
    private final long scoresAt;
    private final long referencesAt;
    private final long sumsAt;
    private final long zerosAt;
    private final long end;

    ForwardPass(AttentionKernel.Problem problem, Operand o, long lse) {
        this.problem = problem;
        this.spec = problem.spec();
        this.o = o;
        this.lse = lse;
        size = problem.headSize();
        padded = Lanes.padded(size);
        valueSize = problem.valueSize();
        valuePadded = Lanes.padded(valueSize);
        group = problem.group();
        int wanted = Math.max(TASK_ROWS / group, 4 * ROWS) / ROWS * ROWS;
        chunk = Math.min(wanted, (spec.queries() + ROWS - 1) / ROWS * ROWS);
        chunks = (spec.queries() + chunk - 1) / chunk;
        long rows = (long) chunk * group;
        keysAt = 0;
        valuesAt = keysAt + (long) BLOCK * padded;
        queriesAt = valuesAt + (long) BLOCK * Math.max(padded, valuePadded);
        outputsAt = queriesAt + rows * padded;
        scoresAt = outputsAt + rows * valuePadded;
        referencesAt = scoresAt + (long) ROWS * BLOCK;
        sumsAt = referencesAt + Lanes.padded((int) rows);
        zerosAt = sumsAt + rows * LANES;
        end = zerosAt + MicroKernel.ZEROS;
    }

    /** Number of tasks. */
    int tasks() {
        return spec.batch() * problem.kvHeads() * chunks;
    }

    /** Floats of workspace that a core needs. */
    long workspaceFloats() {
        return (end + 15) / 16 * 16;
    }

    /** Runs one task; later chunks of queries see more keys and come first, so that the cores end together. */
    void run(int task, long workspace) {
        int heads = spec.batch() * problem.kvHeads();
        int first = (chunks - 1 - task / heads) * chunk;
        int batch = task % heads / problem.kvHeads();
        int kvHead = task % heads % problem.kvHeads();
        int rows = Math.min(chunk, spec.queries() - first);
        packQueries(batch, kvHead, first, rows, workspace);
        int seen = spec.keysEnd(first + rows - 1);
        for (int key = 0; key < seen; key += BLOCK) {
            int keys = Math.min(BLOCK, spec.keys() - key);
            if (!spec.seesAny(first, first + rows - 1, key, keys)) {
                continue;
            }
            packKeys(batch, kvHead, key, keys, workspace);
            for (int member = 0; member < group; member++) {
                for (int row = 0; row < rows; row += ROWS) {
                    strip(first, row, member, key, keys, workspace);
                }
            }
        }
        finish(batch, kvHead, first, rows, workspace);
    }

    private void packQueries(int batch, int kvHead, int first, int rows, long workspace) {
        float factor = (float) (spec.scale() * LOG2_E);
        for (int member = 0; member < group; member++) {
            long target = workspace + 4 * (queriesAt + (long) member * chunk * padded);
            long row = (long) batch * spec.queries() + first;
            int whole = (rows + ROWS - 1) / ROWS * ROWS;
            Packing.rows(problem.q(), row, kvHead * group + member, size, rows, whole, factor, target);
        }
        Packing.zero(workspace + 4 * zerosAt, MicroKernel.ZEROS);
        Packing.zero(workspace + 4 * outputsAt, (long) group * chunk * valuePadded);
        Packing.zero(workspace + 4 * sumsAt, (long) group * chunk * LANES);
        for (int row = 0; row < group * chunk; row++) {
            Lanes.set(workspace + 4 * (referencesAt + row), Softmax.NONE);
        }
    }

    /** K goes through the place of V, which is packed last. */
    private void packKeys(int batch, int kvHead, int key, int keys, long workspace) {
        long row = (long) batch * spec.keys() + key;
        long values = workspace + 4 * valuesAt;
        Packing.rows(problem.k(), row, kvHead, size, keys, BLOCK, 1, values);
        Packing.transpose(values, size, BLOCK, workspace + 4 * keysAt);
        Packing.rows(problem.v(), row, kvHead, valueSize, keys, BLOCK, 1, values);
    }

    /** Takes eight query rows through one block of keys. */
    private void strip(int first, int row, int member, int key, int keys, long workspace) {
        int query = first + row;
        if (!spec.seesAny(query, query + ROWS - 1, key, keys)) {
            return;
        }
        int visible = Math.min(keys, spec.keysEnd(query + ROWS - 1) - key);
        int index = member * chunk + row;
        long rowBytes = 4L * padded;
        long valueBytes = 4L * valuePadded;
        long queries = workspace + 4 * queriesAt + index * rowBytes;
        long outputs = workspace + 4 * outputsAt + index * valueBytes;
        long scores = workspace + 4 * scoresAt;
        int columns = Lanes.padded(visible);
        long keyTile = workspace + 4 * keysAt;
        MicroKernel.multiply(
                queries,
                rowBytes,
                4,
                keyTile,
                4L * BLOCK,
                size,
                workspace + 4 * zerosAt,
                scores,
                4L * BLOCK,
                ROWS,
                columns);
        if (spec.options().capped()) {
            SoftCap.apply(scores, 4L * BLOCK, ROWS, columns, spec.options().cap());
        }
        Mask.apply(spec, query, ROWS, key, visible, scores, 4L * BLOCK, columns);
        weigh(scores, columns, index, workspace);
        MicroKernel.add(
                scores,
                4L * BLOCK,
                4,
                workspace + 4 * valuesAt,
                valueBytes,
                visible,
                outputs,
                valueBytes,
                ROWS,
                valuePadded);
    }

    private void weigh(long scores, int columns, int index, long workspace) {
        long references = workspace + 4 * (referencesAt + index);
        long sums = workspace + 4 * (sumsAt + (long) index * LANES);
        long outputs = workspace + 4 * (outputsAt + (long) index * valuePadded);
        for (int i = 0; i < ROWS; i++) {
            long line = scores + 4L * BLOCK * i;
            long sum = sums + 4L * LANES * i;
            Softmax.refer(line, columns, references + 4L * i, sum, outputs + 4L * valuePadded * i, valuePadded);
        }
        Powers.replace(scores, 4L * BLOCK, ROWS, columns, references);
        for (int i = 0; i < ROWS; i++) {
            Softmax.sum(scores + 4L * BLOCK * i, columns, sums + 4L * LANES * i);
        }
    }

    private void finish(int batch, int kvHead, int first, int rows, long workspace) {
        for (int member = 0; member < group; member++) {
            int head = kvHead * group + member;
            for (int row = 0; row < rows; row++) {
                int index = member * chunk + row;
                float sum = Lanes.sum(workspace + 4 * (sumsAt + (long) index * LANES));
                float reference = Lanes.get(workspace + 4 * (referencesAt + index));
                boolean blind = reference == Softmax.NONE;
                long source = workspace + 4 * (outputsAt + (long) index * valuePadded);
                long target = (long) batch * spec.queries() + first + row;
                Packing.unpack(source, blind ? 0 : 1 / sum, o, target, head, valueSize);
                if (lse != 0) {
                    double value = blind ? Double.NEGATIVE_INFINITY : reference / LOG2_E + Math.log(sum);
                    Lanes.set(lse + 4 * problem.lseIndex(batch, head, first + row), (float) value);
                }
            }
        }
    }
}
