package dev.braid.tensor.ops;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.ConversionKernels;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Runs an F32 kernel over rows of tensors that may be BF16. F32 operands are used where they lie. BF16 operands go through
 * tiles of a few rows that stay in the first cache: widened before the kernel, rounded once after it. Each core has one set
 * of tiles, so the bytes used do not depend on which thread takes which rows.
 *
 * <p>Use: declare the operands, then call one of the run methods once.
 */
final class Tiles {
    /** F32 elements of all tiles of one core together, unless one row needs more: half of a first-level cache. */
    private static final int TILE_ELEMENTS = 4096;

    /**
     * A tensor as a matrix, of which the kernel sees {@code width} columns from {@code firstColumn}.
     *
     * @param offset F32 elements a row that the operands before it take in the tiles
     */
    record Operand(
            long address,
            boolean bf16,
            int columns,
            int firstColumn,
            int width,
            boolean read,
            boolean write,
            int offset) {
        private long element(long row) {
            return address + (row * columns + firstColumn) * (bf16 ? Short.BYTES : Float.BYTES);
        }

        /** Elements from row to row, as the kernel sees them. */
        int stride() {
            return bf16 ? width : columns;
        }
    }

    /**
     * A few rows.
     *
     * @param scratch address of this core's tiles
     * @param capacity rows that the tiles can hold
     */
    record Tile(long scratch, int capacity, long firstRow, int rows) {
        /** Address of the tile's first row of {@code operand}, F32. */
        long of(Operand operand) {
            return operand.bf16 ? scratch + (long) operand.offset * capacity * Float.BYTES : operand.element(firstRow);
        }

        /** Address of the tile's first element in an array of one 4-byte element a row. */
        long perRow(long array) {
            return array + firstRow * Float.BYTES;
        }
    }

    /** Work on one tile. */
    @FunctionalInterface
    interface Body {
        void run(Tile tile);
    }

    /** Adds a tile's rows to the F32 sums at {@code sums}. */
    @FunctionalInterface
    interface SumBody {
        void add(Tile tile, long sums);
    }

    private final Compute compute;
    private final ConversionKernels conversion;
    private final List<Operand> operands = new ArrayList<>();
    private final Deque<Long> idle = new ArrayDeque<>();
    private int rowElements;
    private int widest = 1;

    Tiles(Compute compute) {
        this.compute = compute;
        this.conversion = compute.kernels().conversion();
    }

    /** An input. */
    Operand read(Tensor tensor) {
        return add(tensor, Check.columns(tensor), 0, Check.columns(tensor), true, false);
    }

    /** {@code width} columns of an input from {@code firstColumn}. */
    Operand read(Tensor tensor, int firstColumn, int width) {
        return add(tensor, Check.columns(tensor), firstColumn, width, true, false);
    }

    /** An output; it may be a tensor that is also read, if the kernel reads an element before it writes it. */
    Operand write(Tensor tensor) {
        return add(tensor, Check.columns(tensor), 0, Check.columns(tensor), false, true);
    }

    /** Changes {@code width} columns from {@code firstColumn} in place. */
    Operand update(Tensor tensor, int firstColumn, int width) {
        return add(tensor, Check.columns(tensor), firstColumn, width, true, true);
    }

    /** Room for {@code width} F32 values a row, undefined at first. */
    Operand scratch(int width) {
        Operand operand = new Operand(0, true, width, 0, width, false, false, rowElements);
        rowElements += width;
        widest = Math.max(widest, width);
        return operand;
    }

    /** An input seen as a column of all its elements. */
    Operand readElements(Tensor tensor) {
        return add(tensor, 1, 0, 1, true, false);
    }

    /** An output seen as a column of all its elements. */
    Operand writeElements(Tensor tensor) {
        return add(tensor, 1, 0, 1, false, true);
    }

    /** A tensor to change in place, seen as a column of all its elements. */
    Operand updateElements(Tensor tensor) {
        return add(tensor, 1, 0, 1, true, true);
    }

    private Operand add(Tensor tensor, int columns, int firstColumn, int width, boolean read, boolean write) {
        boolean bf16 = tensor.dtype() == DType.BF16;
        Operand operand = new Operand(tensor.address(), bf16, columns, firstColumn, width, read, write, rowElements);
        operands.add(operand);
        rowElements += bf16 ? width : 0;
        widest = Math.max(widest, columns);
        return operand;
    }

    /** Runs {@code body} over {@code rows} rows, split over the cores, and counts it in the profile. */
    void run(String operation, double flops, long rows, Body body) {
        withScratch(
                operation,
                flops,
                () -> Blocks.rows(compute, rows, widest, (from, count) -> sequence(from, count, operands, body)));
    }

    /** Adds a sum over rows to {@code target}: see {@link Blocks#sumRows}. */
    void sumRows(String operation, double flops, long rows, Tensor target, SumBody body) {
        withScratch(
                operation,
                flops,
                () -> Blocks.sumRows(
                        compute,
                        rows,
                        target,
                        (from, count, sums) -> sequence(from, count, operands, tile -> body.add(tile, sums))));
    }

    /** Runs {@code body} over strips of {@code width} columns of the only operand, each strip's rows in order. */
    void strips(String operation, double flops, long rows, int width, StripBody body) {
        Operand whole = operands.getFirst();
        rowElements = Math.min(rowElements, width);
        withScratch(
                operation,
                flops,
                () -> Blocks.split(compute, whole.columns, width, (from, count) -> {
                    Operand strip = new Operand(
                            whole.address, whole.bf16, whole.columns, (int) from, count, whole.read, whole.write, 0);
                    sequence(0, Math.toIntExact(rows), List.of(strip), tile -> body.run(tile, strip));
                }));
    }

    /** Work on one tile of a strip of columns. */
    @FunctionalInterface
    interface StripBody {
        void run(Tile tile, Operand strip);
    }

    private void withScratch(String operation, double flops, Runnable work) {
        if (rowElements == 0) {
            compute.profile().time(operation, flops, work);
            return;
        }
        int cores = compute.workers().cores();
        // Whole cache lines for each core, so that no two cores write to one.
        long elements = ((long) capacity() * rowElements + 15) / 16 * 16;
        Tensor scratch = compute.memory().allocate(Category.WORKSPACE, DType.F32, Shape.of(cores, elements));
        try {
            for (int core = 0; core < cores; core++) {
                idle.push(scratch.address() + core * elements * Float.BYTES);
            }
            compute.profile().time(operation, flops, work);
        } finally {
            scratch.release();
        }
    }

    private int capacity() {
        return Math.max(1, TILE_ELEMENTS / rowElements);
    }

    /** Runs {@code body} over rows {@code from} until {@code from + count}, tile after tile, on this thread. */
    private void sequence(long from, int count, List<Operand> seen, Body body) {
        if (rowElements == 0) {
            body.run(new Tile(0, count, from, count));
            return;
        }
        long scratch = takeScratch();
        int capacity = capacity();
        for (int done = 0; done < count; done += capacity) {
            Tile tile = new Tile(scratch, capacity, from + done, Math.min(capacity, count - done));
            widen(tile, seen);
            body.run(tile);
            narrow(tile, seen);
        }
        giveBack(scratch);
    }

    private long takeScratch() {
        synchronized (idle) {
            return idle.pop();
        }
    }

    private void giveBack(long scratch) {
        synchronized (idle) {
            idle.push(scratch);
        }
    }

    private void widen(Tile tile, List<Operand> seen) {
        for (Operand operand : seen) {
            if (operand.bf16 && operand.read) {
                long target = tile.of(operand);
                int run = runLength(tile, operand);
                for (int done = 0; done < tile.rows * operand.width; done += run) {
                    long row = tile.firstRow + done / operand.width;
                    conversion.widen(operand.element(row), target + (long) done * Float.BYTES, run);
                }
            }
        }
    }

    private void narrow(Tile tile, List<Operand> seen) {
        for (Operand operand : seen) {
            if (operand.bf16 && operand.write) {
                long source = tile.of(operand);
                int run = runLength(tile, operand);
                for (int done = 0; done < tile.rows * operand.width; done += run) {
                    long row = tile.firstRow + done / operand.width;
                    conversion.narrow(source + (long) done * Float.BYTES, operand.element(row), run);
                }
            }
        }
    }

    /** Elements that lie side by side in memory: all rows, or one row where the kernel sees only some columns. */
    private static int runLength(Tile tile, Operand operand) {
        return operand.width == operand.columns ? tile.rows * operand.width : Math.max(1, operand.width);
    }
}
