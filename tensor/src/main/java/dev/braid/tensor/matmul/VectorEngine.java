package dev.braid.tensor.matmul;

import dev.braid.tensor.DType;
import dev.braid.tensor.kernels.Species;
import jdk.incubator.vector.VectorShape;

/**
 * Products by the Vector API, on any processor: operands are packed into panels of f32 (BF16 is widened, which is exact),
 * and a register-blocked micro-kernel adds in f32.
 *
 * <p>Canonical arithmetic: an element of C is one chain of fused multiply-adds from 0, in the order of k; then it is stored
 * or added to C, rounded once. So its bits depend on nothing but its row of A and its column of B.
 */
final class VectorEngine implements MatmulEngine {
    /** Reduction steps of a panel: a panel of B (32 KiB at 512 bits) then stays in the first cache. */
    private static final int BLOCK_K = 256;

    private static final int BLOCK_ROWS = 256;
    private static final int BLOCK_COLUMNS = 512;

    /** Vectors of 256 bits on a processor that has no wider ones come with 16 registers instead of 32. */
    private static final boolean FEW_REGISTERS = System.getProperty("os.arch").equals("amd64")
            && VectorShape.preferredShape().vectorBitSize() < 512;

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public String describe() {
        return "vector " + Species.FLOAT.vectorBitSize() + " bits";
    }

    @Override
    public long prepare(MatmulSpec spec) {
        return 4L * (panelsA(spec) + panelsB(spec) + sums(spec));
    }

    private static int panelsA(MatmulSpec spec) {
        return blockRows(spec) * Math.min(BLOCK_K, spec.k());
    }

    private static int panelsB(MatmulSpec spec) {
        return blockColumns(spec) * Math.min(BLOCK_K, spec.k());
    }

    private static int sums(MatmulSpec spec) {
        return blockRows(spec) * blockColumns(spec);
    }

    private static int blockRows(MatmulSpec spec) {
        return Math.min(BLOCK_ROWS, roundUp(spec.m(), MicroKernel.ROWS));
    }

    private static int blockColumns(MatmulSpec spec) {
        return Math.min(BLOCK_COLUMNS, roundUp(spec.n(), MicroKernel.WIDTH));
    }

    private static int roundUp(int value, int multiple) {
        return (value + multiple - 1) / multiple * multiple;
    }

    @Override
    public void run(MatmulSpec spec, long a, long b, long c, Workspace workspace) {
        int resultBytes = spec.result().bytes();
        int operandBytes = spec.operands().bytes();
        for (int column = 0; column < spec.n(); column += BLOCK_COLUMNS) {
            int columns = Math.min(BLOCK_COLUMNS, spec.n() - column);
            for (int row = 0; row < spec.m(); row += BLOCK_ROWS) {
                int rows = Math.min(BLOCK_ROWS, spec.m() - row);
                block(
                        spec,
                        rows,
                        columns,
                        a + spec.offsetA(row) * operandBytes,
                        b + spec.offsetB(column) * operandBytes,
                        c + spec.offsetC(row, column) * resultBytes,
                        workspace.address());
            }
        }
    }

    /** One block of C: sums over all of k in scratch, then the result. */
    private static void block(MatmulSpec spec, int rows, int columns, long a, long b, long c, long scratch) {
        long panelsB = scratch + 4L * panelsA(spec);
        long sums = panelsB + 4L * panelsB(spec);
        for (int p = 0; p < spec.k(); p += BLOCK_K) {
            int k = Math.min(BLOCK_K, spec.k() - p);
            packA(spec, a, rows, p, k, scratch);
            packB(spec, b, columns, p, k, panelsB);
            multiply(rows, columns, k, scratch, panelsB, sums, p > 0);
        }
        store(spec, rows, columns, sums, c);
    }

    private static void packA(MatmulSpec spec, long a, int rows, int p, int k, long panels) {
        long bytes = spec.operands().bytes();
        boolean alongK = !spec.transposeA();
        long start = a + p * (alongK ? 1 : spec.strideA()) * bytes;
        for (int i = 0; i < rows; i += MicroKernel.ROWS) {
            long source = start + i * (alongK ? spec.strideA() : 1) * bytes;
            int valid = Math.min(MicroKernel.ROWS, rows - i);
            Panels.pack(
                    spec.operands(), alongK, source, spec.strideA(), k, valid, MicroKernel.ROWS, panels + 4L * i * k);
        }
    }

    private static void packB(MatmulSpec spec, long b, int columns, int p, int k, long panels) {
        long bytes = spec.operands().bytes();
        boolean alongK = spec.transposeB();
        long start = b + p * (alongK ? 1 : spec.strideB()) * bytes;
        for (int j = 0; j < columns; j += MicroKernel.WIDTH) {
            long source = start + j * (alongK ? spec.strideB() : 1) * bytes;
            int valid = Math.min(MicroKernel.WIDTH, columns - j);
            Panels.pack(
                    spec.operands(), alongK, source, spec.strideB(), k, valid, MicroKernel.WIDTH, panels + 4L * j * k);
        }
    }

    /** Micro-tiles of sums lie one after the other, those of one panel of B together. */
    private static void multiply(int rows, int columns, int k, long a, long b, long sums, boolean add) {
        long tile = sums;
        for (int j = 0; j < columns; j += MicroKernel.WIDTH) {
            for (int i = 0; i < rows; i += MicroKernel.ROWS) {
                tile(a + 4L * i * k, b + 4L * j * k, k, tile, add, rows - i);
                tile += 4L * MicroKernel.ROWS * MicroKernel.WIDTH;
            }
        }
    }

    private static void tile(long a, long b, int k, long sums, boolean add, int rows) {
        if (!add) {
            MicroKernel.clear(sums);
        }
        if (rows <= 4) {
            MicroKernel.four(a, b, k, sums);
        } else if (FEW_REGISTERS) {
            MicroKernel.four(a, b, k, sums);
            MicroKernel.four(a + 16, b, k, sums + 16L * MicroKernel.WIDTH);
        } else {
            MicroKernel.eight(a, b, k, sums);
        }
    }

    private static void store(MatmulSpec spec, int rows, int columns, long sums, long c) {
        DType dtype = spec.result();
        long tile = sums;
        for (int j = 0; j < columns; j += MicroKernel.WIDTH) {
            int width = Math.min(MicroKernel.WIDTH, columns - j);
            for (int i = 0; i < rows; i += MicroKernel.ROWS) {
                int height = Math.min(MicroKernel.ROWS, rows - i);
                for (int r = 0; r < height; r++) {
                    long target = c + spec.offsetC(i + r, j) * dtype.bytes();
                    Rows.result(tile + 4L * r * MicroKernel.WIDTH, dtype, spec.accumulate(), target, width);
                }
                tile += 4L * MicroKernel.ROWS * MicroKernel.WIDTH;
            }
        }
    }

    @Override
    public void close() {}
}
