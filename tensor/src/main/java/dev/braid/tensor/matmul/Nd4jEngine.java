package dev.braid.tensor.matmul;

import dev.braid.tensor.DType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.OpContext;

/**
 * Products by ND4J's {@code matmul} operation, in blocks: it halves its speed when a call writes more than about three
 * million elements.
 *
 * <p>The operation multiplies dense matrices of one type into a result of that type. The rest is done around it: strided
 * operands and results go through scratch, and wherever BF16 operands have to be summed in f32 (an F32 result, or one that
 * accumulates) they are widened, which is exact, and multiplied as F32. A BF16 product added afterwards would be faster, but
 * each partial gradient would then be rounded to 8 bits.
 *
 * <p>Canonical arithmetic: measured on dense matrices of two and more rows and columns, its sums depend on k alone, save for
 * F32 with A as it is and B transposed, where the last rows differ. So there A is packed transposed as well, and a single row
 * or column gets a second one of zeros.
 */
final class Nd4jEngine implements MatmulEngine {
    private static final int BLOCK_ROWS = 256;

    /** Up to here a row of C is written whole: 256 of them are 2^21 elements. */
    private static final int WHOLE_COLUMNS = 8192;

    private static final int BLOCK_COLUMNS = 512;

    /** Reduction steps of one widened product; the sums of several are added in f32, in order. */
    private static final int WIDENED_K = 1024;

    /** Steps of k that are transposed together, so that the lines being written stay in the first cache. */
    private static final int TRANSPOSED_K = 32;

    private final Nd4jLibrary library;
    private final OpContext[] contexts;

    /**
     * An engine for {@code workspaces} workspaces.
     *
     * @throws IllegalStateException if ND4J cannot run here; {@link Nd4jLibrary#missing} says so beforehand
     */
    Nd4jEngine(int workspaces) {
        String missing = Nd4jLibrary.missing();
        if (missing != null) {
            throw new IllegalStateException(missing);
        }
        library = new Nd4jLibrary();
        contexts = new OpContext[workspaces];
        for (int i = 0; i < workspaces; i++) {
            contexts[i] = Nd4jLibrary.context();
        }
    }

    @Override
    public String name() {
        return "nd4j";
    }

    @Override
    public String describe() {
        return "nd4j" + Nd4jLibrary.version();
    }

    /** What a block of a product looks like to ND4J. */
    private record Block(MatmulSpec spec, int rows, int columns, int k, DType type, boolean transposeA) {
        /** The largest block of a product. */
        static Block largest(MatmulSpec spec) {
            return of(spec, Math.min(spec.m(), BLOCK_ROWS), blockColumns(spec), blockK(spec));
        }

        static Block of(MatmulSpec spec, int rows, int columns, int k) {
            DType type = widened(spec) ? DType.F32 : spec.operands();
            boolean transposeA = spec.transposeA() || (type == DType.F32 && spec.transposeB());
            return new Block(spec, rows, columns, k, type, transposeA);
        }

        /** Rows that are computed: at least two. */
        int height() {
            return Math.max(2, rows);
        }

        /** Columns that are computed: at least two. */
        int width() {
            return Math.max(2, columns);
        }

        boolean packA() {
            boolean dense = spec.strideA() == (spec.transposeA() ? rows : spec.k());
            return !dense || rows < 2 || type != spec.operands() || transposeA != spec.transposeA();
        }

        boolean packB() {
            boolean dense = spec.strideB() == (spec.transposeB() ? spec.k() : columns);
            return !dense || columns < 2 || type != spec.operands();
        }

        boolean viaScratch() {
            boolean dense = spec.strideC() == columns;
            return !dense || rows < 2 || columns < 2 || widened(spec) || spec.accumulate();
        }

        long bytesA() {
            return align((long) height() * k * type.bytes());
        }

        long bytesB() {
            return align((long) width() * k * type.bytes());
        }

        long bytesC() {
            return align((long) height() * width() * type.bytes());
        }

        private static long align(long bytes) {
            return (bytes + 63) / 64 * 64;
        }

        DataType nativeType() {
            return type == DType.F32 ? DataType.FLOAT : DataType.BFLOAT16;
        }
    }

    private static boolean widened(MatmulSpec spec) {
        return spec.operands() == DType.BF16 && (spec.result() == DType.F32 || spec.accumulate());
    }

    private static int blockColumns(MatmulSpec spec) {
        return spec.n() <= WHOLE_COLUMNS && !widened(spec) ? spec.n() : Math.min(BLOCK_COLUMNS, spec.n());
    }

    /** A widened product is summed in chunks of k, to bound the scratch; its bits then depend on k still, and on nothing else. */
    private static int blockK(MatmulSpec spec) {
        return widened(spec) ? Math.min(WIDENED_K, spec.k()) : spec.k();
    }

    @Override
    public long prepare(MatmulSpec spec) {
        Block block = Block.largest(spec);
        // Two tiles of C: the sum over chunks of k, and the newest chunk.
        return block.bytesA() + block.bytesB() + 2 * block.bytesC();
    }

    @Override
    public void run(MatmulSpec spec, long a, long b, long c, Workspace workspace) {
        int operand = spec.operands().bytes();
        int result = spec.result().bytes();
        int blockColumns = blockColumns(spec);
        for (int row = 0; row < spec.m(); row += BLOCK_ROWS) {
            int rows = Math.min(BLOCK_ROWS, spec.m() - row);
            for (int column = 0; column < spec.n(); column += blockColumns) {
                block(
                        spec,
                        rows,
                        Math.min(blockColumns, spec.n() - column),
                        a + spec.offsetA(row) * operand,
                        b + spec.offsetB(column) * operand,
                        c + spec.offsetC(row, column) * result,
                        // What was packed for the first columns serves the next ones too, if it was all of k.
                        column > 0 && spec.k() <= blockK(spec),
                        workspace);
            }
        }
    }

    private void block(
            MatmulSpec spec, int rows, int columns, long a, long b, long c, boolean packedBefore, Workspace workspace) {
        Block largest = Block.largest(spec);
        long packedA = workspace.address();
        long packedB = packedA + largest.bytesA();
        long sum = packedB + largest.bytesB();
        long chunk = sum + largest.bytesC();
        int step = blockK(spec);
        int operand = spec.operands().bytes();
        for (int p = 0; p < spec.k(); p += step) {
            Block block = Block.of(spec, rows, columns, Math.min(step, spec.k() - p));
            long left = a + p * (spec.transposeA() ? spec.strideA() : 1) * operand;
            if (block.packA()) {
                if (!packedBefore) {
                    packA(block, left, packedA);
                }
                left = packedA;
            }
            long right = b + p * (spec.transposeB() ? 1 : spec.strideB()) * operand;
            if (block.packB()) {
                packB(block, right, packedB);
                right = packedB;
            }
            boolean scratch = block.viaScratch();
            long target = scratch ? (p == 0 ? sum : chunk) : c;
            multiply(block, left, right, target, contexts[workspace.index()]);
            if (p > 0) {
                Rows.result(chunk, DType.F32, true, sum, block.height() * block.width());
            }
            if (scratch && p + step >= spec.k()) {
                store(block, sum, c);
            }
        }
    }

    private void multiply(Block block, long a, long b, long c, OpContext context) {
        DataType type = block.nativeType();
        int m = block.height();
        int n = block.width();
        int k = block.k;
        boolean transposeA = block.transposeA;
        boolean transposeB = block.spec.transposeB();
        library.multiply(
                context,
                Nd4jLibrary.matrix(a, type, transposeA ? k : m, transposeA ? m : k),
                transposeA,
                Nd4jLibrary.matrix(b, type, transposeB ? n : k, transposeB ? k : n),
                transposeB,
                Nd4jLibrary.matrix(c, type, m, n));
    }

    private static void packA(Block block, long a, long packed) {
        MatmulSpec spec = block.spec;
        if (block.transposeA != spec.transposeA()) {
            transpose(spec.operands(), a, spec.strideA(), block.rows, block.height(), block.k, packed);
        } else if (spec.transposeA()) {
            pack(block, a, spec.strideA(), block.k, block.rows, block.k, block.height(), packed);
        } else {
            pack(block, a, spec.strideA(), block.rows, block.k, block.height(), block.k, packed);
        }
    }

    private static void packB(Block block, long b, long packed) {
        MatmulSpec spec = block.spec;
        if (spec.transposeB()) {
            pack(block, b, spec.strideB(), block.columns, block.k, block.width(), block.k, packed);
        } else {
            pack(block, b, spec.strideB(), block.k, block.columns, block.k, block.width(), packed);
        }
    }

    /** Copies or widens {@code rows x columns} into a dense matrix of {@code height x width}; the rest of it is zero. */
    private static void pack(
            Block block, long from, long stride, int rows, int columns, int height, int width, long packed) {
        int operand = block.spec.operands().bytes();
        int bytes = block.type.bytes();
        if (height > rows || width > columns) {
            Copies.clear(packed, (long) height * width * bytes);
        }
        for (int i = 0; i < rows; i++) {
            long source = from + i * stride * operand;
            long target = packed + (long) i * width * bytes;
            if (operand != bytes) {
                Rows.widen(source, target, columns);
            } else {
                Copies.vector(columns, bytes, source, 1, target, 1);
            }
        }
    }

    /** Packs {@code rows x k} as f32 {@code k x height}. */
    private static void transpose(DType dtype, long from, long stride, int rows, int height, int k, long packed) {
        for (int p = 0; p < k; p += TRANSPOSED_K) {
            int steps = Math.min(TRANSPOSED_K, k - p);
            long source = from + (long) p * dtype.bytes();
            Panels.pack(dtype, true, source, stride, steps, rows, height, packed + 4L * p * height);
        }
    }

    private static void store(Block block, long sum, long c) {
        MatmulSpec spec = block.spec;
        for (int i = 0; i < block.rows; i++) {
            long source = sum + (long) i * block.width() * block.type.bytes();
            long target = c + i * spec.strideC() * spec.result().bytes();
            if (block.type == DType.F32) {
                Rows.result(source, spec.result(), spec.accumulate(), target, block.columns);
            } else {
                Copies.vector(block.columns, block.type.bytes(), source, 1, target, 1);
            }
        }
    }

    @Override
    public void close() {
        for (OpContext context : contexts) {
            try {
                context.close();
            } catch (Exception failure) {
                throw new IllegalStateException("ND4J could not free an operation's context", failure);
            }
        }
    }
}
