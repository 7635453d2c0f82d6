package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Attention;
import dev.braid.tensor.attention.AttentionOptions;
import dev.braid.tensor.attention.AttentionSpec;
import dev.braid.tensor.attention.Heads;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.ops.Embedding;
import dev.braid.tensor.ops.GeGlu;
import dev.braid.tensor.ops.HeadNorm;
import dev.braid.tensor.ops.RmsNorm;
import dev.braid.tensor.ops.Rope;
import dev.braid.tensor.ops.RopeTable;
import dev.braid.tensor.ops.SwiGlu;
import dev.braid.tensor.parameters.Weight;
import java.util.List;

/**
 * The operations that models are written with. Values are matrices of one row a token; every operation carries its own
 * backward, and those with parameters carry it in two halves.
 */
public final class Operations {
    private Operations() {}

    /** How the columns of a packed query-key-value matrix divide into heads: all queries, all keys, all values. */
    public record HeadLayout(int heads, int kvHeads, int headSize) {
        /** Columns of the packed matrix. */
        public int columns() {
            return (heads + 2 * kvHeads) * headSize;
        }

        Heads queries(Tensor packed) {
            return new Heads(packed, 0, heads, headSize);
        }

        Heads keys(Tensor packed) {
            return new Heads(packed, heads * headSize, kvHeads, headSize);
        }

        Heads values(Tensor packed) {
            return new Heads(packed, (heads + kvHeads) * headSize, kvHeads, headSize);
        }
    }

    /**
     * Rows of {@code table} [V, D], whose rows are divided over the tensor axis, for I32 {@code tokens} [n]: [n, D], of which
     * each rank has its share of the rows, or all of them on a tape for decoding.
     */
    public static Variable embedding(Tape tape, Tensor tokens, Weight table) {
        if (tape.axis().ranks() > 1) {
            return DividedEmbedding.of(tape, tokens, table);
        }
        Compute compute = tape.compute();
        Tensor out = tape.output(tape.dtype(), Shape.of(tokens.count(), table.columns()));
        Embedding.forward(compute, table.compute(), tokens, out);
        return tape.record(
                out,
                List.of(tokens),
                gradient -> {},
                gradient -> Embedding.weightGradient(compute, gradient, tokens, table.gradient()));
    }

    /**
     * {@code x [n, K]} times the transpose of {@code weight [N, K]}, whose rows are divided over the tensor axis: [n, N], of
     * which each rank has its own columns of all rows, whether it has its share of the rows of {@code x} or all of them.
     */
    public static Variable columnLinear(Tape tape, Variable x, Weight weight) {
        if (x.divided()) {
            return ColumnLinear.of(tape, x, weight);
        }
        requireDivided(tape, "column_linear", x);
        return linear(tape, x, weight, null);
    }

    /**
     * {@code x W^T + residual}, of which each rank of the tensor axis has its own columns of {@code x} and of {@code weight};
     * the sum over ranks is added to {@code residual} [n, N], of which each rank has its share of the rows or all of them. It has
     * the same rows of the result.
     *
     * @param residual {@link Variable#zerosLike} where nothing is to be added
     */
    public static Variable rowLinear(Tape tape, Variable x, Weight weight, Variable residual) {
        if (tape.axis().ranks() == 1) {
            return linear(tape, x, weight, residual);
        }
        if (!residual.divided()) {
            requireDivided(tape, "row_linear", residual);
        }
        return RowLinear.of(tape, x, weight, residual);
    }

    /** Gradients of whole rows would have to be summed over all ranks and be sent twice as far: a tape for decoding has none. */
    private static void requireDivided(Tape tape, String operation, Variable x) {
        if (tape.recording() && tape.axis().ranks() > 1) {
            throw new IllegalArgumentException(operation + ": all " + x.rows()
                    + " rows are on this rank, but where a tape records, each rank has its share of them");
        }
    }

    /**
     * {@code x [n, K]} times the transpose of {@code weight [N, K]} of this rank, without a word to the others: every rank has
     * all rows of {@code x} and its own columns of [n, N], and the gradient of {@code x} is one summand of that over ranks. For
     * a second projection behind a {@link #columnLinear} whose result every rank has, and behind {@link GatherRows}. A weight
     * that is whole on every rank gets summands of its gradient where its output goes into divided weights.
     */
    public static Variable linear(Tape tape, Variable x, Weight weight) {
        if (x.divided()) {
            throw new IllegalArgumentException(
                    "linear: this rank has only its share of the rows; gather them with column_linear");
        }
        return linear(tape, x, weight, null);
    }

    /**
     * The same value, for a second reader: its gradient is added to that of {@code x} once it is complete, whether what reads it runs
     * once or again, and not within the operation that makes it.
     */
    public static Variable branch(Tape tape, Variable x) {
        return tape.record(
                x.value(), x.tokenRows(), List.of(), gradient -> tape.addGradient(x, gradient.retain()), null);
    }

    /**
     * {@code x [n, K]} times the transpose of {@code weight [N, K]} that every rank of the tensor axis holds whole: [n, N], of which
     * each rank has the rows that it has of {@code x}.
     */
    public static Variable tokenLinear(Tape tape, Variable x, Weight weight) {
        Compute compute = tape.compute();
        Tensor out = tape.output(tape.dtype(), Shape.of(x.rows(), weight.rows()));
        Products.forward(compute, x.value(), weight, out, false);
        return tape.record(
                out,
                x.tokenRows(),
                List.of(x.value()),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed = tape.temporary(tape.dtype(), x.value().shape());
                        Products.inputGradient(compute, gradient, weight, passed);
                        tape.addGradient(x, passed);
                    }
                },
                gradient -> Products.weightGradient(compute, gradient, x.value(), weight));
    }

    /** {@code x W^T + residual}, added before the one rounding; {@code residual} [n, N] may be null or zeros. */
    private static Variable linear(Tape tape, Variable x, Weight weight, Variable residual) {
        Compute compute = tape.compute();
        boolean adds = residual != null && !residual.zeros();
        Tensor out = tape.output(tape.dtype(), Shape.of(x.rows(), weight.rows()));
        if (adds) {
            Elementwise.convert(compute, residual.value(), out);
        }
        Products.forward(compute, x.value(), weight, out, adds);
        return tape.record(
                out,
                List.of(x.value()),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed = tape.temporary(tape.dtype(), x.value().shape());
                        Products.inputGradient(compute, gradient, weight, passed);
                        tape.addGradient(x, passed);
                    }
                    if (adds) {
                        tape.addGradient(residual, gradient.retain());
                    }
                },
                gradient -> Products.weightGradient(compute, gradient, x.value(), weight));
    }

    /** {@code x + bias}, in place: the operation before must not read its output again. */
    public static Variable addBias(Tape tape, Variable x, Weight bias) {
        Compute compute = tape.compute();
        Elementwise.addBias(compute, x.value(), bias.compute());
        return tape.record(
                x.value(),
                x.tokenRows(),
                List.of(),
                gradient -> tape.addGradient(x, gradient.retain()),
                gradient -> Elementwise.columnSum(compute, gradient, bias.gradient()));
    }

    /** {@code x / rms(x) * weight} for every row (Zhang and Sennrich 2019, arXiv 1910.07467). */
    public static Variable rmsNorm(Tape tape, Variable x, Weight weight, float epsilon) {
        return rmsNorm(tape, x, weight, 0, epsilon);
    }

    /** {@code x / rms(x) * (weight + weightOffset)} for every row: an offset of 1 for the zero-centred weights of Gemma. */
    public static Variable rmsNorm(Tape tape, Variable x, Weight weight, float weightOffset, float epsilon) {
        Compute compute = tape.compute();
        Tensor out = tape.output(tape.dtype(), x.value().shape());
        Tensor inverse = tape.output(DType.F32, Shape.of(x.rows()));
        RmsNorm.forward(compute, x.value(), weight.compute(), weightOffset, epsilon, out, inverse);
        return tape.record(
                out,
                x.tokenRows(),
                List.of(x.value(), inverse),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor existing = x.takeGradient();
                        boolean inPlace = existing != null && existing.exclusive();
                        Tensor passed = inPlace
                                ? existing
                                : tape.temporary(tape.dtype(), x.value().shape());
                        RmsNorm.inputGradient(
                                compute,
                                gradient,
                                x.value(),
                                weight.compute(),
                                weightOffset,
                                inverse,
                                existing,
                                passed);
                        if (existing != null && !inPlace) {
                            existing.release();
                        }
                        x.setGradient(passed);
                    }
                },
                gradient -> RmsNorm.weightGradient(compute, gradient, x.value(), inverse, weight.gradient()));
    }

    /** RMSNorm over every query and every key head of a packed matrix; values pass unchanged. */
    public static Variable headNorm(
            Tape tape, Variable packed, HeadLayout layout, Weight queryWeight, Weight keyWeight, float epsilon) {
        Compute compute = tape.compute();
        Tensor out = tape.output(tape.dtype(), packed.value().shape());
        Tensor inverse = tape.output(DType.F32, Shape.of(packed.rows(), layout.heads() + layout.kvHeads()));
        HeadNorm.forward(
                compute,
                packed.value(),
                queryWeight.compute(),
                keyWeight.compute(),
                layout.heads(),
                layout.kvHeads(),
                epsilon,
                out,
                inverse);
        return tape.record(
                out,
                List.of(packed.value(), inverse),
                gradient -> {
                    Tensor passed = tape.temporary(tape.dtype(), packed.value().shape());
                    HeadNorm.inputGradient(
                            compute,
                            gradient,
                            packed.value(),
                            queryWeight.compute(),
                            keyWeight.compute(),
                            layout.heads(),
                            layout.kvHeads(),
                            inverse,
                            passed);
                    tape.addGradient(packed, passed);
                },
                gradient -> HeadNorm.weightGradient(
                        compute,
                        gradient,
                        packed.value(),
                        inverse,
                        layout.heads(),
                        layout.kvHeads(),
                        queryWeight.gradient(),
                        keyWeight.gradient()));
    }

    /** Rotates the query and key heads of a packed matrix, in place, by I32 {@code positions} [n]. */
    public static Variable rope(Tape tape, Variable packed, HeadLayout layout, RopeTable table, Tensor positions) {
        int rotated = layout.heads() + layout.kvHeads();
        return rope(tape, packed, new Rope.Place(0, layout.headSize(), rotated, false), table, positions);
    }

    /** Rotates what lies at {@code place}, in place, by I32 {@code positions} [n]. */
    public static Variable rope(Tape tape, Variable x, Rope.Place place, RopeTable table, Tensor positions) {
        Compute compute = tape.compute();
        Rope.apply(compute, x.value(), table, positions, place, false);
        return tape.record(
                x.value(),
                List.of(positions),
                gradient -> {
                    Tensor passed = gradient;
                    if (gradient.exclusive()) {
                        gradient.retain();
                    } else {
                        passed = tape.temporary(gradient.dtype(), gradient.shape());
                        passed.copyFrom(gradient);
                    }
                    // The transpose of a rotation is the rotation back.
                    Rope.apply(compute, passed, table, positions, place, true);
                    tape.addGradient(x, passed);
                },
                null);
    }

    /**
     * Causal attention of {@code batch} sequences of equal length in a packed matrix [batch * T, columns], with scores and window
     * of {@code options}. Returns [batch * T, heads * headSize].
     */
    public static Variable attention(
            Tape tape, Variable packed, HeadLayout layout, int batch, AttentionOptions options) {
        Compute compute = tape.compute();
        int length = packed.rows() / batch;
        AttentionSpec spec = AttentionSpec.causal(batch, length, options);
        Tensor value = packed.value();
        Tensor out = tape.output(tape.dtype(), Shape.of(packed.rows(), (long) layout.heads() * layout.headSize()));
        Tensor logSum = tape.output(DType.F32, Shape.of(batch, layout.heads(), length));
        Heads heads = new Heads(out, 0, layout.heads(), layout.headSize());
        Attention.forward(
                compute, spec, layout.queries(value), layout.keys(value), layout.values(value), heads, logSum);
        return tape.record(
                out,
                List.of(value, out, logSum),
                gradient -> {
                    Tensor passed = tape.temporary(tape.dtype(), value.shape());
                    Attention.backward(
                            compute,
                            spec,
                            layout.queries(value),
                            layout.keys(value),
                            layout.values(value),
                            heads,
                            logSum,
                            new Heads(gradient, 0, layout.heads(), layout.headSize()),
                            layout.queries(passed),
                            layout.keys(passed),
                            layout.values(passed));
                    tape.addGradient(packed, passed);
                },
                null);
    }

    /**
     * Attention of new rows of one sequence over themselves and the rows before, at inference. The new keys and values go into
     * {@code cache}.
     *
     * @param packed new rows, already rotated [n, columns]
     * @param cache rows before, made for the window of {@code options}
     */
    public static Variable cachedAttention(
            Tape tape, Variable packed, HeadLayout layout, KeyValueCache cache, AttentionOptions options) {
        Tensor out = tape.output(tape.dtype(), Shape.of(packed.rows(), (long) layout.heads() * layout.headSize()));
        for (int done = 0; done < packed.rows(); ) {
            int taken = cache.makeRoom(packed.rows() - done);
            Tensor piece = packed.value().rows(done, taken);
            attendPiece(tape.compute(), piece, layout, cache, options, out.rows(done, taken));
            done += taken;
        }
        return tape.constant(out);
    }

    /**
     * As many new rows as the cache has room for. Where rows between the sinks and the others have been dropped, positions here
     * are rows of the cache: what a query sees depends on how far back a key lies, and on which are sinks.
     */
    private static void attendPiece(
            Compute compute,
            Tensor piece,
            HeadLayout layout,
            KeyValueCache cache,
            AttentionOptions options,
            Tensor out) {
        int n = Math.toIntExact(piece.shape().rows());
        int before = cache.rows();
        int queryColumns = layout.heads() * layout.headSize();
        int keyColumns = layout.kvHeads() * layout.headSize();
        Elementwise.copyColumns(compute, piece, queryColumns, keyColumns, cache.keys(), before);
        Elementwise.copyColumns(compute, piece, queryColumns + keyColumns, keyColumns, cache.values(), before);
        cache.advance(n);
        Attention.forward(
                compute,
                new AttentionSpec(1, n, before + n, before, 0, true, options),
                layout.queries(piece),
                new Heads(cache.keys().rows(0, before + n), 0, layout.kvHeads(), layout.headSize()),
                new Heads(cache.values().rows(0, before + n), 0, layout.kvHeads(), layout.headSize()),
                new Heads(out, 0, layout.heads(), layout.headSize()),
                null);
    }

    /** {@code silu(gate) * up} of a packed {@code [gate, up]} matrix [n, 2 F]: [n, F]. */
    public static Variable swiGlu(Tape tape, Variable gateUp) {
        return gated(tape, gateUp, SwiGlu::forward, SwiGlu::inputGradient);
    }

    /** {@code gelu(gate) * up} of a packed {@code [gate, up]} matrix [n, 2 F]: [n, F]. */
    public static Variable geGlu(Tape tape, Variable gateUp) {
        return gated(tape, gateUp, GeGlu::forward, GeGlu::inputGradient);
    }

    private interface GatedForward {
        void run(Compute compute, Tensor gateUp, Tensor out);
    }

    private interface GatedGradient {
        void run(Compute compute, Tensor dOut, Tensor gateUp, Tensor dGateUp);
    }

    private static Variable gated(Tape tape, Variable gateUp, GatedForward forward, GatedGradient inputGradient) {
        Compute compute = tape.compute();
        Tensor out = tape.output(tape.dtype(), Shape.of(gateUp.rows(), gateUp.columns() / 2));
        forward.run(compute, gateUp.value(), out);
        return tape.record(
                out,
                List.of(gateUp.value()),
                gradient -> {
                    Tensor passed = tape.temporary(tape.dtype(), gateUp.value().shape());
                    inputGradient.run(compute, gradient, gateUp.value(), passed);
                    tape.addGradient(gateUp, passed);
                },
                null);
    }

    /**
     * Logits in F32 [n, V] of {@code x [n, D]}, at inference, all rows and all columns on every rank of the tensor axis. The
     * caller releases them.
     */
    public static Tensor logits(Tape tape, Variable x, Weight head) {
        return logits(tape, x, head, LogitTransform.NONE);
    }

    /** The same, transformed. */
    public static Tensor logits(Tape tape, Variable x, Weight head, LogitTransform transform) {
        return Logits.of(tape, x, head, transform);
    }
}
