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

    /** Checks extents, strides and dtypes: an {@link IllegalArgumentException} names what is wrong. */
    public MatmulSpec {
        if (m < 0 || n < 0 || k < 0) {
            throw new IllegalArgumentException("negative extent in a matrix product: m=" + m + " n=" + n + " k=" + k);
        }
        if (!operands.floating() || !result.floating()) {
            DType other = operands.floating() ? result : operands;
            throw new IllegalArgumentException(
                    "matrix products take F32 or BF16, not " + other + ": operands " + operands + ", result " + result);
        }
        if (operands == DType.F32 && result == DType.BF16) {
            throw new IllegalArgumentException(
                    "a matrix product of F32 operands has an F32 result, not BF16; round it afterwards");
        }
        requireStride("A", transposeA ? m : k, strideA);
        requireStride("B", transposeB ? k : n, strideB);
        requireStride("C", n, strideC);
    }

    private static void requireStride(String matrix, int rowLength, long stride) {
        if (stride < rowLength) {
            throw new IllegalArgumentException("rows of " + matrix + " overlap: a row in memory has " + rowLength
                    + " elements but the stride is " + stride);
        }
    }

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

    /** The same layout for another number of rows and columns of C: what a tile of this product needs. */
    MatmulSpec tile(int rows, int columns) {
        return new MatmulSpec(
                rows, columns, k, transposeA, transposeB, operands, result, strideA, strideB, strideC, accumulate);
    }

    /** The same with another reduction dimension, for part of the rows of A as it lies transposed, and of B. */
    MatmulSpec ofDepth(int depth) {
        return new MatmulSpec(
                m, n, depth, transposeA, transposeB, operands, result, strideA, strideB, strideC, accumulate);
    }

    /** Elements from the start of A to what row {@code row} of C needs. */
    long offsetA(int row) {
        return transposeA ? row : row * strideA;
    }

    /** Elements from the start of B to what column {@code column} of C needs. */
    long offsetB(int column) {
        return transposeB ? column * strideB : column;
    }

    /** Elements from the start of C to its element {@code [row, column]}. */
    long offsetC(int row, int column) {
        return row * strideC + column;
    }

    private static long span(long rows, long columns, long stride) {
        return rows == 0 || columns == 0 ? 0 : (rows - 1) * stride + columns;
    }
}
