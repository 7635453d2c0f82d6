package dev.braid.tensor.matmul;

import dev.braid.tensor.DType;

/**
 * The shape of a matrix product {@code C [m,n] = A [m,k] B [k,n]}, or {@code C += A B}.
 *
 * @param m rows of C
 * @param n columns of C
 * @param k the reduction dimension
 * @param transposeA A lies in memory as [k, m]
 * @param transposeB B lies in memory as [n, k], as the weight of a linear layer does
 * @param operands dtype of A and B: F32 or BF16
 * @param result dtype of C: F32, or BF16 with BF16 operands; products are always added up in f32
 * @param strideA elements between two rows of A as it lies in memory
 * @param strideB elements between two rows of B as it lies in memory
 * @param strideC elements between two rows of C
 * @param accumulate add to C instead of overwriting it; with a BF16 result the sum is rounded once
 */
public record MatmulSpec(
        int m,
        int n,
        int k,
        boolean transposeA,
        boolean transposeB,
        DType operands,
        DType result,
        long strideA,
        long strideB,
        long strideC,
        boolean accumulate) {

    /** Dense operands: every stride is the row length. */
    public static MatmulSpec dense(
            int m,
            int n,
            int k,
            boolean transposeA,
            boolean transposeB,
            DType operands,
            DType result,
            boolean accumulate) {
        return new MatmulSpec(
                m,
                n,
                k,
                transposeA,
                transposeB,
                operands,
                result,
                transposeA ? m : k,
                transposeB ? k : n,
                n,
                accumulate);
    }

    /** Multiplications and additions: 2 m n k. */
    public double flops() {
        return 2.0 * m * n * k;
    }

    /** Elements that A spans in memory. */
    public long spanA() {
        return span(transposeA ? k : m, transposeA ? m : k, strideA);
    }

    /** Elements that B spans in memory. */
    public long spanB() {
        return span(transposeB ? n : k, transposeB ? k : n, strideB);
    }

    /** Elements that C spans in memory. */
    public long spanC() {
        return span(m, n, strideC);
    }

    private static long span(long rows, long columns, long stride) {
        return rows == 0 ? 0 : (rows - 1) * stride + columns;
    }
}
