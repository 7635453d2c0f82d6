package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.EmbeddingKernels;

/** Embedding look-up: {@code out[i] = table[tokens[i]]}. */
public final class Embedding {
    /** Columns that one task adds up. Splitting rows instead would change the order of sums. */
    private static final int GRADIENT_COLUMNS = 64;

    /** A token that is in another rank's rows of a divided table: its row is zero, and so is its gradient. */
    public static final int ELSEWHERE = Integer.MIN_VALUE;

    private Embedding() {}

    /**
     * Sets {@code out}.
     *
     * @param table [V,D], F32 or BF16
     * @param tokens I32 [n], each in 0 until V, or {@link #ELSEWHERE}
     * @param out [n,D], dtype of the table
     */
    public static void forward(Compute compute, Tensor table, Tensor tokens, Tensor out) {
        Check check = new Check("embedding.forward");
        int vocabulary = check.valueRows("table", table);
        int columns = Check.columns(table);
        int rows = check.valueRows("out", out);
        check.matrix("out", out, table.dtype(), rows, columns);
        requireTokens(check, tokens, rows, vocabulary);
        long bytes = (long) columns * table.dtype().bytes();
        long tableAt = table.address();
        long tokensAt = tokens.address();
        long outAt = out.address();
        Blocks.Range body = (from, count) -> {
            for (long row = from; row < from + count; row++) {
                int token = Addresses.getInt(tokensAt, row);
                if (token < 0) {
                    Addresses.fillZero(outAt + row * bytes, bytes);
                } else {
                    Addresses.copy(tableAt + token * bytes, outAt + row * bytes, bytes);
                }
            }
        };
        compute.profile().time(check.operation(), 0, () -> Blocks.rows(compute, rows, columns, body));
    }

    private static void requireTokens(Check check, Tensor tokens, int rows, int vocabulary) {
        check.elements("tokens", tokens, DType.I32, rows);
        String hint = " (vocabulary size " + vocabulary + "); the data was made with another tokenizer";
        Blocks.requireIndices(check, "token", tokens, vocabulary, ELSEWHERE, hint);
    }

    /**
     * Sets {@code local} [n] to the rows of {@code tokens} [n] in a part of the table, or {@link #ELSEWHERE}; both I32.
     *
     * @param firstRow of the part
     * @param rows of the part
     * @param vocabulary rows of the whole table
     */
    public static void localRows(Tensor tokens, int firstRow, int rows, int vocabulary, Tensor local) {
        Check check = new Check("embedding.local_rows");
        check.elements("local", local, DType.I32, tokens.count());
        requireTokens(check, tokens, Math.toIntExact(tokens.count()), vocabulary);
        long tokensAt = tokens.address();
        long localAt = local.address();
        for (long i = 0; i < tokens.count(); i++) {
            int row = Addresses.getInt(tokensAt, i) - firstRow;
            Addresses.setInt(localAt, i, row >= 0 && row < rows ? row : ELSEWHERE);
        }
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
        long tokensAt = tokens.address();
        long dTableAt = dTable.address();
        EmbeddingKernels kernels = compute.kernels().embedding();
        Tiles tiles = new Tiles(compute);
        tiles.read(dOut);
        tiles.strips(
                check.operation(),
                dOut.count(),
                rows,
                GRADIENT_COLUMNS,
                (tile, strip) -> kernels.weightGradient(
                        tile.of(strip),
                        strip.stride(),
                        tile.perRow(tokensAt),
                        dTableAt + (long) strip.firstColumn() * Float.BYTES,
                        columns,
                        tile.rows(),
                        strip.width()));
    }
}
