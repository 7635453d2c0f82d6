package dev.braid.tensor.matmul;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Matrix products of one rank: checks them, picks the engine, splits them over the rank's cores.
 *
 * <p>Arithmetic: products of BF16 are exact and every sum is in f32; a BF16 result is rounded once. With one engine, the
 * bits of an element of C depend only on its row of A, its column of B, k, the transposes, the dtypes and
 * {@code accumulate}: never on the number of cores, nor on how many rows or columns are computed with it. A column slice of
 * C, or one row of it, computed alone equals that part of the whole.
 *
 * <p>One thread at a time may call; the work runs on it and on the rank's workers.
 */
public final class Matmul implements AutoCloseable {
    private final Workers workers;
    private final Workspaces workspaces;
    private final MatmulTable table;
    private final List<MatmulEngine> engines = new ArrayList<>();

    /**
     * Engines by name: {@code auto} (by a fixed table of sizes), {@code onednn}, {@code nd4j} or {@code vector}.
     *
     * @throws IllegalArgumentException if there is no such engine, or if it is named and cannot run here
     */
    public Matmul(Workers workers, Memory memory, String engine) {
        this.workers = workers;
        workspaces = new Workspaces(workers.cores(), memory);
        table = MatmulTable.of(engine);
        for (String name : table.engines()) {
            engines.add(MatmulTable.open(name, workers.cores()));
        }
    }

    /** The engines that run here and what each takes, in lines for people. */
    public String describe() {
        StringBuilder text = new StringBuilder();
        for (MatmulEngine engine : engines) {
            text.append(engine.describe()).append('\n');
        }
        return text.append(table.describe()).toString();
    }

    /** Name of the engine that takes {@code spec}. */
    public String engine(MatmulSpec spec) {
        return table.engine(spec);
    }

    /** Computes the product that {@code spec} describes. */
    public void multiply(MatmulSpec spec, Tensor a, Tensor b, Tensor c) {
        multiply(spec, a, 0, b, 0, c, 0);
    }

    /**
     * Computes the product that {@code spec} describes for matrices that start inside their tensors, such as a slice of
     * columns. A and B must not overlap C.
     *
     * @param offsetA elements from the start of {@code a} to the matrix; likewise the others
     * @throws IllegalArgumentException if a dtype is not the spec's or a matrix does not fit its tensor
     * @throws IllegalStateException if a tensor was released
     */
    public void multiply(MatmulSpec spec, Tensor a, long offsetA, Tensor b, long offsetB, Tensor c, long offsetC) {
        long addressA = address("A", spec, a, spec.operands(), offsetA, spec.spanA());
        long addressB = address("B", spec, b, spec.operands(), offsetB, spec.spanB());
        long addressC = address("C", spec, c, spec.result(), offsetC, spec.spanC());
        if (spec.m() == 0 || spec.n() == 0 || workers.rehearsing()) {
            return;
        }
        if (spec.k() == 0) {
            clear(spec, addressC);
            return;
        }
        MatmulEngine engine = pick(spec);
        Tiling tiling = Tiling.of(spec);
        prepare(engine, spec, tiling);
        workers.run(tiling.tiles(), index -> tile(engine, spec, tiling, index, addressA, addressB, addressC));
    }

    /**
     * One matrix of each product of a batch.
     *
     * @param tensor where they all lie
     * @param offset elements from the start of the tensor to the first matrix
     * @param stride elements from one matrix to the next; 0 uses one matrix for all
     */
    public record Batched(Tensor tensor, long offset, long stride) {}

    /**
     * Computes {@code batch} products of one spec. The same as that many calls of {@link #multiply}, bit for bit, but each
     * product runs on one core: for many small ones. Results may lie one after the other or, as the heads of an attention
     * layer do, side by side in rows that they share.
     *
     * @throws IllegalArgumentException as {@link #multiply}, or if the results of the batch overlap
     */
    public void multiplyBatch(MatmulSpec spec, int batch, Batched a, Batched b, Batched c) {
        if (batch < 0) {
            throw new IllegalArgumentException("negative batch: " + batch);
        }
        requireApart(spec, batch, c);
        if (batch == 0) {
            return;
        }
        long addressA = address("A", spec, a, batch, spec.operands(), spec.spanA());
        long addressB = address("B", spec, b, batch, spec.operands(), spec.spanB());
        long addressC = address("C", spec, c, batch, spec.result(), spec.spanC());
        if (spec.m() == 0 || spec.n() == 0 || workers.rehearsing()) {
            return;
        }
        long stepA = a.stride * spec.operands().bytes();
        long stepB = b.stride * spec.operands().bytes();
        long stepC = c.stride * spec.result().bytes();
        if (spec.k() == 0) {
            for (int i = 0; i < batch; i++) {
                clear(spec, addressC + i * stepC);
            }
            return;
        }
        MatmulEngine engine = pick(spec);
        workspaces.require(engine.prepare(spec));
        workers.run(batch, i -> run(engine, spec, addressA + i * stepA, addressB + i * stepB, addressC + i * stepC));
    }

    /**
     * Groups of rows of A, each with a matrix B of its own: {@code C[rows of g] = A[rows of g] B_g}, or added to C. The same as a call of
     * {@link #multiply} for each group, bit for bit.
     *
     * @param spec of all rows together: m is the number of rows of A and C
     * @param firstRows first row of each group and, behind the last, m
     * @param offsetA elements from the start of {@code a} to the matrix; likewise for C
     * @param b matrices one after the other, dense
     * @throws IllegalArgumentException as {@link #multiply}, or when the groups don't cover the rows or A is transposed
     */
    public void multiplyGroups(
            MatmulSpec spec, int[] firstRows, Tensor a, long offsetA, Tensor b, Tensor c, long offsetC) {
        int groups = firstRows.length - 1;
        if (spec.transposeA() || groups < 0 || firstRows[0] != 0 || firstRows[groups] != spec.m()) {
            throw new IllegalArgumentException(
                    "groups must begin at row 0 and end at row m of an A that is not transposed: "
                            + Arrays.toString(firstRows) + "; " + spec);
        }
        if (spec.m() == 0) {
            // Not even an offset lies in a matrix without rows.
            return;
        }
        long addressA = address("A", spec, a, spec.operands(), offsetA, spec.spanA());
        long addressB = address("B", spec, b, spec.operands(), 0, (long) groups * spec.n() * spec.k());
        long addressC = address("C", spec, c, spec.result(), offsetC, spec.spanC());
        if (spec.m() == 0 || spec.n() == 0 || workers.rehearsing()) {
            return;
        }
        if (spec.k() == 0) {
            clear(spec, addressC);
            return;
        }
        MatmulEngine engine = pick(spec);
        GroupTiling tiling = GroupTiling.of(firstRows, spec.n());
        tiling.kinds(workspaces, (rows, columns) -> engine.prepare(spec.tile(rows, columns)));
        long stepB = (long) spec.n() * spec.k() * spec.operands().bytes();
        int operand = spec.operands().bytes();
        workers.run(
                tiling.tiles(),
                index -> run(
                        engine,
                        spec.tile(tiling.height(index), tiling.width(index)),
                        addressA + spec.offsetA(tiling.row(index)) * operand,
                        addressB + tiling.group(index) * stepB + spec.offsetB(tiling.column(index)) * operand,
                        addressC
                                + spec.offsetC(tiling.row(index), tiling.column(index))
                                        * spec.result().bytes()));
    }

    /** Most rows of a group that are added up in one call: 64 depths at most, whatever the lengths of groups. */
    private static final int GROUP_DEPTH = 1024;

    /**
     * Sums over groups of rows: {@code C_g += A[rows of g]^T B[rows of g]}. A group of more than {@value #GROUP_DEPTH} rows is added in
     * as few equal parts as can be, whose lengths are multiples of 16; otherwise the same as a call of {@link #multiply} for each group,
     * bit for bit.
     *
     * @param spec of one group's C [m, n], which accumulates, with A transposed; k is the number of rows of A and B
     * @param firstRows first row of each group and, behind the last, k
     * @param offsetB elements from the start of {@code b} to the matrix
     * @param c matrices one after the other, dense
     * @throws IllegalArgumentException as {@link #multiply}, or when the groups don't cover the rows
     */
    public void addGroupProducts(MatmulSpec spec, int[] firstRows, Tensor a, Tensor b, long offsetB, Tensor c) {
        int groups = firstRows.length - 1;
        boolean fits = spec.transposeA() && !spec.transposeB() && spec.accumulate();
        if (!fits || groups < 0 || firstRows[0] != 0 || firstRows[groups] != spec.k()) {
            throw new IllegalArgumentException(
                    "groups must begin at row 0 and end at row k of a transposed A and of B, and add to C: "
                            + Arrays.toString(firstRows) + "; " + spec);
        }
        if (spec.k() == 0) {
            return;
        }
        long addressA = address("A", spec, a, spec.operands(), 0, spec.spanA());
        long addressB = address("B", spec, b, spec.operands(), offsetB, spec.spanB());
        long addressC = address("C", spec, c, spec.result(), 0, (long) groups * spec.m() * spec.n());
        if (spec.m() == 0 || spec.n() == 0 || workers.rehearsing()) {
            return;
        }
        // Every tile goes through all rows of its group; groups without rows are left out.
        int[] taken = IntStream.range(0, groups)
                .filter(group -> firstRows[group + 1] > firstRows[group])
                .toArray();
        Tiling tiling = Tiling.of(spec.ofDepth(GROUP_DEPTH));
        Arrays.stream(taken)
                .map(group -> firstRows[group + 1] - firstRows[group])
                .flatMap(Matmul::depths)
                .distinct()
                .forEach(depth -> prepare(pick(spec.ofDepth(depth)), spec.ofDepth(depth), tiling));
        long stepC = (long) spec.m() * spec.n() * spec.result().bytes();
        int operand = spec.operands().bytes();
        workers.run(taken.length * tiling.tiles(), task -> {
            int group = taken[task / tiling.tiles()];
            int end = firstRows[group + 1];
            int part = GroupTiling.part(end - firstRows[group], GROUP_DEPTH);
            for (int row = firstRows[group]; row < end; row += part) {
                MatmulSpec product = spec.ofDepth(Math.min(part, end - row));
                tile(
                        pick(product),
                        product,
                        tiling,
                        task % tiling.tiles(),
                        addressA + row * spec.strideA() * operand,
                        addressB + row * spec.strideB() * operand,
                        addressC + group * stepC);
            }
        });
    }

    /** The lengths of the parts of a group of {@code rows}: all but the last have the same. */
    private static IntStream depths(int rows) {
        int part = GroupTiling.part(rows, GROUP_DEPTH);
        int rest = rows % part;
        return rest == 0 ? IntStream.of(part) : IntStream.of(Math.min(part, rows), rest);
    }

    private static void requireApart(MatmulSpec spec, int batch, Batched c) {
        boolean oneAfterTheOther = c.stride >= spec.spanC();
        boolean sideBySide = c.stride >= spec.n() && (batch - 1) * c.stride + spec.n() <= spec.strideC();
        if (batch > 1 && !oneAfterTheOther && !sideBySide) {
            throw new IllegalArgumentException("results of a batch overlap: C spans " + spec.spanC()
                    + " elements with rows " + spec.strideC() + " apart, but the next C starts after " + c.stride + "; "
                    + spec);
        }
    }

    private static long address(String matrix, MatmulSpec spec, Batched all, int batch, DType dtype, long span) {
        if (all.stride < 0) {
            throw new IllegalArgumentException("negative batch stride of " + matrix + ": " + all.stride + "; " + spec);
        }
        return address(matrix, spec, all.tensor, dtype, all.offset, (batch - 1) * all.stride + span);
    }

    private MatmulEngine pick(MatmulSpec spec) {
        String name = table.engine(spec);
        for (MatmulEngine engine : engines) {
            if (engine.name().equals(name)) {
                return engine;
            }
        }
        throw new IllegalStateException("the table names engine " + name + ", which is not open");
    }

    private void prepare(MatmulEngine engine, MatmulSpec spec, Tiling tiling) {
        long bytes = 0;
        int last = tiling.tiles() - 1;
        int[] corners = {0, last, tiling.firstOfLastRow(), tiling.lastOfFirstRow()};
        for (int index : corners) {
            bytes = Math.max(bytes, engine.prepare(spec.tile(tiling.height(index), tiling.width(index))));
        }
        workspaces.require(bytes);
    }

    private void tile(MatmulEngine engine, MatmulSpec spec, Tiling tiling, int index, long a, long b, long c) {
        int row = tiling.row(index);
        int column = tiling.column(index);
        int operand = spec.operands().bytes();
        run(
                engine,
                spec.tile(tiling.height(index), tiling.width(index)),
                a + spec.offsetA(row) * operand,
                b + spec.offsetB(column) * operand,
                c + spec.offsetC(row, column) * spec.result().bytes());
    }

    private void run(MatmulEngine engine, MatmulSpec spec, long a, long b, long c) {
        Workspace workspace = workspaces.take();
        try {
            engine.run(spec, a, b, c, workspace);
        } finally {
            workspaces.giveBack(workspace);
        }
    }

    private static void clear(MatmulSpec spec, long c) {
        if (!spec.accumulate()) {
            for (int row = 0; row < spec.m(); row++) {
                int bytes = spec.result().bytes();
                Copies.clear(c + spec.offsetC(row, 0) * bytes, (long) spec.n() * bytes);
            }
        }
    }

    private static long address(String matrix, MatmulSpec spec, Tensor tensor, DType dtype, long offset, long span) {
        if (tensor.dtype() != dtype) {
            throw new IllegalArgumentException(
                    matrix + " of a matrix product must be " + dtype + " but is " + tensor + "; " + spec);
        }
        if (offset < 0 || offset + span > tensor.count()) {
            throw new IllegalArgumentException(matrix + " of a matrix product needs " + span + " elements from element "
                    + offset + " on, but " + tensor + " has " + tensor.count() + "; " + spec);
        }
        return tensor.address() + offset * dtype.bytes();
    }

    /**
     * The measured peak of matrix products, in GFLOP/s: the best of several square products of 4096 with all cores of the
     * rank. Takes about a second, and memory of its own, which is not counted.
     *
     * @param dtype of operands and result: F32 or BF16
     */
    public double peakGflops(DType dtype) {
        return peakGflops(dtype, 4096);
    }

    double peakGflops(DType dtype, int size) {
        MatmulSpec spec = MatmulSpec.dense(size, size, size, false, true, dtype, dtype, false);
        try (Memory scratch = new Memory()) {
            Tensor a = filled(scratch, dtype, size);
            Tensor b = filled(scratch, dtype, size);
            Tensor c = filled(scratch, dtype, size);
            long best = Long.MAX_VALUE;
            long total = 0;
            for (int repeat = 0; repeat < 8 && total < 1_000_000_000L; repeat++) {
                long start = System.nanoTime();
                multiply(spec, a, b, c);
                long elapsed = System.nanoTime() - start;
                best = Math.min(best, elapsed);
                total += elapsed;
            }
            return spec.flops() / best;
        }
    }

    private static Tensor filled(Memory memory, DType dtype, int size) {
        Tensor tensor = memory.allocate(Category.WORKSPACE, dtype, Shape.of(size, size));
        Tensor row = tensor.rows(0, 1);
        for (int i = 0; i < size; i++) {
            row.set(i, (i % 61 - 30) / 64f);
        }
        for (int i = 1; i < size; i++) {
            tensor.rows(i, 1).copyFrom(row);
        }
        return tensor;
    }

    @Override
    public void close() {
        engines.forEach(MatmulEngine::close);
        workspaces.close();
    }
}
