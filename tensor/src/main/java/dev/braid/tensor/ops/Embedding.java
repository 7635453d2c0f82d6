package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.EmbeddingKernels;

/** Embedding look-up: {@code out[i] = table[tokens[i]]}. */
public final class Embedding {
    /** Columns that one task adds up. Splitting rows instead would change the order of sums. */
    private static final int GRADIENT_COLUMNS = 64;

    private Embedding() {}

    /**
     * Sets {@code out}.
     *
     * @param table [V,D], F32 or BF16
     * @param tokens I32 [n], each in 0 until V
     * @param out [n,D], dtype of the table
     */
    public static void forward(Compute compute, Tensor table, Tensor tokens, Tensor out) {
        Check check = new Check("embedding.forward");
        int vocabulary = check.valueRows("table", table);
        int columns = Check.columns(table);
        int rows = check.valueRows("out", out);
        check.matrix("out", out, table.dtype(), rows, columns);
        requireTokens(check, tokens, rows, vocabulary);
        boolean bf16 = table.dtype() == DType.BF16;
        long bytes = (long) columns * table.dtype().bytes();
        long tableAt = table.address();
        long tokensAt = tokens.address();
        long outAt = out.address();
        EmbeddingKernels kernels = compute.kernels().embedding();
        compute.profile()
                .time(
                        check.operation(),
                        0,
                        () -> Blocks.rows(
                                compute,
                                rows,
                                columns,
                                (from, count) -> kernels.forward(
                                        bf16,
                                        tableAt,
                                        tokensAt + from * Integer.BYTES,
                                        outAt + from * bytes,
                                        count,
                                        columns)));
    }

    private static void requireTokens(Check check, Tensor tokens, int rows, int vocabulary) {
        check.elements("tokens", tokens, DType.I32, rows);
        String hint = " (vocabulary size " + vocabulary + "); the data was made with another tokenizer";
        Blocks.requireIndices(check, "token", tokens, vocabulary, Blocks.NONE, hint);
    }

    /**
     * Adds the gradient of the table to {@code dTable}, token by token in order.
     *
     * @param dOut [n,D], F32 or BF16
     * @param tokens I32 [n]
     * @param dTable F32 [V,D]
     */
    public static void weightGradient(Compute compute, Tensor dOut, Tensor tokens, Tensor dTable) {
        Check check = new Check("embedding.weight_gradient");
        int rows = check.valueRows("dOut", dOut);
        int columns = Check.columns(dOut);
        int vocabulary = check.valueRows("dTable", dTable);
        check.matrix("dTable", dTable, DType.F32, vocabulary, columns);
        requireTokens(check, tokens, rows, vocabulary);
        boolean bf16 = dOut.dtype() == DType.BF16;
        long dOutAt = dOut.address();
        long tokensAt = tokens.address();
        long dTableAt = dTable.address();
        EmbeddingKernels kernels = compute.kernels().embedding();
        compute.profile()
                .time(
                        check.operation(),
                        dOut.count(),
                        () -> Blocks.split(
                                compute,
                                columns,
                                GRADIENT_COLUMNS,
                                (from, count) -> kernels.weightGradient(
                                        bf16,
                                        dOutAt,
                                        tokensAt,
                                        dTableAt,
                                        rows,
                                        columns,
                                        (int) from,
                                        (int) from + count)));
    }
}
