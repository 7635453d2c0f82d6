package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.ConversionKernels;
import dev.braid.tensor.routing.Assignment;

/**
 * Rows of tokens to the order of experts, and back: each is the other's gradient. Values are F32 or BF16; sums are f32, in the order of
 * slots, and rounded once. Errors: {@link IllegalArgumentException} for shapes and dtypes, {@link IllegalStateException} for a released
 * tensor.
 */
public final class ExpertRows {
    private ExpertRows() {}

    /**
     * Sets {@code out[row] = x[token of row]}, zero in rows that stand for no token.
     *
     * @param x [n, D]
     * @param out [rows, D], dtype of x
     */
    public static void gather(Compute compute, Assignment assignment, Tensor x, Tensor out) {
        Check check = new Check("experts.gather");
        check.valueRows("x", x);
        int columns = Check.columns(x);
        check.matrix("x", x, x.dtype(), assignment.tokens(), columns);
        int rows = assignment.groups().rows();
        check.matrix("out", out, x.dtype(), rows, columns);
        long bytes = (long) columns * x.dtype().bytes();
        long xAt = x.address();
        long outAt = out.address();
        long slotsAt = assignment.slotOfRow().address();
        int slots = assignment.slots();
        Blocks.Range body = (from, count) -> {
            for (long row = from; row < from + count; row++) {
                int slot = Addresses.getInt(slotsAt, row);
                if (slot < 0) {
                    Addresses.fillZero(outAt + row * bytes, bytes);
                } else {
                    Addresses.copy(xAt + slot / slots * bytes, outAt + row * bytes, bytes);
                }
            }
        };
        compute.profile().time(check.operation(), 0, () -> Blocks.rows(compute, rows, columns, body));
    }

    /**
     * Sets {@code out[i] = x[places[i]]}: some rows, one of them several times or not at all.
     *
     * @param places I32 [rows], each a row of x
     * @param x [n, D]
     * @param out [rows, D], dtype of x
     */
    public static void pick(Compute compute, Tensor places, Tensor x, Tensor out) {
        pick(compute, places, Blocks.NONE, x, out);
    }

    /**
     * As {@link #pick}, with rows of zeros.
     *
     * @param places I32 [rows], each a row of x, or -1 for zeros
     */
    public static void pickOrZero(Compute compute, Tensor places, Tensor x, Tensor out) {
        pick(compute, places, -1, x, out);
    }

    private static void pick(Compute compute, Tensor places, long zero, Tensor x, Tensor out) {
        Check check = new Check("experts.pick");
        int from = check.valueRows("x", x);
        int columns = Check.columns(x);
        long rows = places.count();
        check.elements("places", places, DType.I32, rows);
        check.matrix("out", out, x.dtype(), rows, columns);
        if (compute.workers().rehearsing()) {
            return;
        }
        Blocks.requireIndices(check, "row", places, from, zero, "");
        long bytes = (long) columns * x.dtype().bytes();
        long xAt = x.address();
        long outAt = out.address();
        long placesAt = places.address();
        Blocks.Range body = (first, count) -> {
            for (long row = first; row < first + count; row++) {
                int place = Addresses.getInt(placesAt, row);
                if (place < 0) {
                    Addresses.fillZero(outAt + row * bytes, bytes);
                } else {
                    Addresses.copy(xAt + place * bytes, outAt + row * bytes, bytes);
                }
            }
        };
        compute.profile().time(check.operation(), 0, () -> Blocks.rows(compute, rows, columns, body));
    }

    /**
     * Sets {@code out[t] = base[t] + sum of the rows of t}, in the order of its slots.
     *
     * @param rows [rows, D]
     * @param base [n, D], dtype of rows, or null for nothing; may be {@code out}
     * @param out [n, D], dtype of rows
     */
    public static void sum(Compute compute, Assignment assignment, Tensor rows, Tensor base, Tensor out) {
        Check check = new Check("experts.sum");
        check.valueRows("rows", rows);
        int columns = Check.columns(rows);
        int tokens = assignment.tokens();
        check.matrix("rows", rows, rows.dtype(), assignment.groups().rows(), columns);
        check.matrix("out", out, rows.dtype(), tokens, columns);
        if (base != null) {
            check.matrix("base", base, rows.dtype(), tokens, columns);
        }
        ConversionKernels conversion = compute.kernels().conversion();
        boolean bf16 = rows.dtype() == DType.BF16;
        long bytes = (long) columns * rows.dtype().bytes();
        long rowsAt = rows.address();
        long baseAt = base == null ? 0 : base.address();
        long outAt = out.address();
        long rowOfSlot = assignment.rowOfSlot().address();
        int slots = assignment.slots();
        try (Scratch scratch = new Scratch(compute, 2L * columns)) {
            Blocks.Range body = (from, count) -> scratch.with(room -> {
                long wide = room + (long) columns * Float.BYTES;
                for (long token = from; token < from + count; token++) {
                    long target = outAt + token * bytes;
                    long sum = bf16 ? room : target;
                    begin(conversion, bf16, baseAt == 0 ? 0 : baseAt + token * bytes, sum, columns);
                    for (int k = 0; k < slots; k++) {
                        int row = Addresses.getInt(rowOfSlot, token * slots + k);
                        if (row >= 0) {
                            long source = rowsAt + row * bytes;
                            if (bf16) {
                                conversion.widen(source, wide, columns);
                                source = wide;
                            }
                            compute.kernels().elementwise().add(sum, source, sum, columns);
                        }
                    }
                    if (bf16) {
                        conversion.narrow(sum, target, columns);
                    }
                }
            });
            compute.profile().time(check.operation(), 0, () -> Blocks.rows(compute, tokens, columns, body));
        }
    }

    private static void begin(ConversionKernels conversion, boolean bf16, long base, long sum, int columns) {
        if (base == 0) {
            Addresses.fillZero(sum, (long) columns * Float.BYTES);
        } else if (bf16) {
            conversion.widen(base, sum, columns);
        } else if (base != sum) {
            Addresses.copy(base, sum, (long) columns * Float.BYTES);
        }
    }

    /**
     * Sets {@code out[row] = values[slot of row]}, zero in rows that stand for no token.
     *
     * @param values F32 [n, K]
     * @param out F32 [rows, 1]
     */
    public static void slots(Assignment assignment, Tensor values, Tensor out) {
        Check check = new Check("experts.slots");
        check.elements("values", values, DType.F32, assignment.rowOfSlot().count());
        check.elements("out", out, DType.F32, assignment.groups().rows());
        spread(assignment.slotOfRow(), values, out);
    }

    /**
     * Sets {@code out[slot] = values[row of slot]}, zero in empty slots: the gradient of {@link #slots}.
     *
     * @param values F32 [rows, 1]
     * @param out F32 [n, K]
     */
    public static void rows(Assignment assignment, Tensor values, Tensor out) {
        Check check = new Check("experts.rows");
        check.elements("values", values, DType.F32, assignment.groups().rows());
        check.elements("out", out, DType.F32, assignment.rowOfSlot().count());
        spread(assignment.rowOfSlot(), values, out);
    }

    /**
     * Sets {@code out[i] = values[places[i]]}, zero where a place is below 0.
     *
     * @param places I32, as many as {@code out} has elements
     * @param values F32
     * @param out F32
     */
    public static void spread(Tensor places, Tensor values, Tensor out) {
        long placesAt = places.address();
        long valuesAt = values.address();
        long outAt = out.address();
        for (long i = 0; i < out.count(); i++) {
            int place = Addresses.getInt(placesAt, i);
            Addresses.setFloat(outAt, i, place < 0 ? 0 : Addresses.getFloat(valuesAt, place));
        }
    }
}
