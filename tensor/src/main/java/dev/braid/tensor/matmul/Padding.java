package dev.braid.tensor.matmul;

/**
 * A product of a single row or column of C as one of two rows or columns, for native libraries that add in another order
 * when they see a vector. The second row of A, or column of B, is zero; layouts (which of them is transposed) stay.
 *
 * <p>Scratch: copies of A, B and C, each starting at a multiple of 64 bytes, only of what has to grow.
 */
record Padding(MatmulSpec original, MatmulSpec spec, long bytesA, long bytesB, long bytesC) {

    static Padding of(MatmulSpec spec) {
        boolean row = spec.m() == 1;
        boolean column = spec.n() == 1;
        if (!row && !column) {
            return new Padding(spec, spec, 0, 0, 0);
        }
        int m = row ? 2 : spec.m();
        int n = column ? 2 : spec.n();
        int k = spec.k();
        MatmulSpec padded = new MatmulSpec(
                m,
                n,
                k,
                spec.transposeA(),
                spec.transposeB(),
                spec.operands(),
                spec.result(),
                row ? (spec.transposeA() ? 2 : k) : spec.strideA(),
                column ? (spec.transposeB() ? k : 2) : spec.strideB(),
                n,
                spec.accumulate());
        int operand = spec.operands().bytes();
        return new Padding(
                spec,
                padded,
                row ? align(2L * k * operand) : 0,
                column ? align(2L * k * operand) : 0,
                align((long) m * n * spec.result().bytes()));
    }

    private static long align(long bytes) {
        return (bytes + 63) / 64 * 64;
    }

    long bytes() {
        return bytesA + bytesB + bytesC;
    }

    long addressA(long a, long scratch) {
        return bytesA > 0 ? scratch : a;
    }

    long addressB(long b, long scratch) {
        return bytesB > 0 ? scratch + bytesA : b;
    }

    long addressC(long scratch) {
        return scratch + bytesA + bytesB;
    }

    /** Fills the scratch from the original operands. */
    void load(long a, long b, long c, long scratch) {
        int operand = original.operands().bytes();
        Copies.clear(scratch, bytes());
        if (bytesA > 0) {
            Copies.vector(
                    original.k(),
                    operand,
                    a,
                    original.transposeA() ? original.strideA() : 1,
                    scratch,
                    original.transposeA() ? 2 : 1);
        }
        if (bytesB > 0) {
            Copies.vector(
                    original.k(),
                    operand,
                    b,
                    original.transposeB() ? 1 : original.strideB(),
                    addressB(b, scratch),
                    original.transposeB() ? 1 : 2);
        }
        if (original.accumulate()) {
            copyResult(c, original.strideC(), addressC(scratch), spec.strideC());
        }
    }

    /** Copies the part of the result that was asked for out of the scratch. */
    void store(long c, long scratch) {
        copyResult(addressC(scratch), spec.strideC(), c, original.strideC());
    }

    private void copyResult(long from, long fromStride, long to, long toStride) {
        int bytes = original.result().bytes();
        if (original.m() == 1) {
            Copies.vector(original.n(), bytes, from, 1, to, 1);
        } else {
            Copies.vector(original.m(), bytes, from, fromStride, to, toStride);
        }
    }
}
