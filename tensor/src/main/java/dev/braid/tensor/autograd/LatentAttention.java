package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Attention;
import dev.braid.tensor.attention.AttentionOptions;
import dev.braid.tensor.attention.AttentionSpec;
import dev.braid.tensor.attention.Heads;
import dev.braid.tensor.ops.Functions;
import dev.braid.tensor.ops.HeadColumns;
import dev.braid.tensor.ops.HeadColumns.Place;
import java.util.List;

/**
 * Attention whose keys and values are made of a latent (DeepSeek-AI 2024, arXiv 2405.04434, section 2.1), with keys and values
 * formed: for training, and for the first tokens of a sequence. {@link LatentDecoding} does without them.
 */
public final class LatentAttention {
    private final Tape tape;
    private final Compute compute;
    private final LatentHeads layout;
    private final AttentionSpec spec;
    private final Variable queries;
    private final Variable expanded;
    private final Variable turned;

    private LatentAttention(
            Tape tape, LatentHeads layout, AttentionSpec spec, Variable queries, Variable expanded, Variable turned) {
        this.tape = tape;
        this.compute = tape.compute();
        this.layout = layout;
        this.spec = spec;
        this.queries = queries;
        this.expanded = expanded;
        this.turned = turned;
    }

    /**
     * Causal attention of {@code batch} sequences of equal length, of which every rank has all rows and its heads:
     * {@code softmax(scale q [k_nope, k_rope]^T) v}.
     *
     * @param queries [n, heads (nope + rope)], turned
     * @param expanded [n, heads (nope + value)]
     * @param turned the part of the keys that all heads share, turned [n, rope]
     * @return [n, heads value]
     */
    public static Variable of(
            Tape tape,
            LatentHeads layout,
            Variable queries,
            Variable expanded,
            Variable turned,
            int batch,
            AttentionOptions options) {
        AttentionSpec spec = AttentionSpec.causal(batch, queries.rows() / batch, options);
        return new LatentAttention(tape, layout, spec, queries, expanded, turned).forward();
    }

    private Variable forward() {
        int rows = queries.rows();
        Tensor out = tape.output(tape.dtype(), Shape.of(rows, (long) layout.heads() * layout.value()));
        Tensor logSum = tape.output(DType.F32, Shape.of(spec.batch(), layout.heads(), spec.queries()));
        Tensor keys = keys();
        Attention.forward(
                compute,
                spec,
                Heads.of(queries.value(), layout.key()),
                Heads.of(keys, layout.key()),
                layout.values(expanded.value()),
                Heads.of(out, layout.value()),
                logSum);
        keys.release();
        return tape.record(
                out,
                List.of(queries.value(), expanded.value(), turned.value(), out, logSum),
                gradient -> pass(gradient, out, logSum),
                null);
    }

    /** The keys [n, heads (nope + rope)]: made again for backward, which is a copy, rather than kept. */
    private Tensor keys() {
        Tensor keys = tape.temporary(tape.dtype(), queries.value().shape());
        Place nope = new Place(0, layout.key());
        Place rope = new Place(layout.nope(), layout.key());
        HeadColumns.copy(
                compute, expanded.value(), new Place(0, layout.expanded()), keys, nope, layout.heads(), layout.nope());
        HeadColumns.copy(compute, turned.value(), new Place(0, 0), keys, rope, layout.heads(), layout.rope());
        return keys;
    }

    private void pass(Tensor gradient, Tensor out, Tensor logSum) {
        Tensor keys = keys();
        Tensor dQueries = tape.temporary(tape.dtype(), queries.value().shape());
        Tensor dKeys = tape.temporary(tape.dtype(), keys.shape());
        Tensor dExpanded = tape.temporary(tape.dtype(), expanded.value().shape());
        Attention.backward(
                compute,
                spec,
                Heads.of(queries.value(), layout.key()),
                Heads.of(keys, layout.key()),
                layout.values(expanded.value()),
                Heads.of(out, layout.value()),
                logSum,
                Heads.of(gradient, layout.value()),
                Heads.of(dQueries, layout.key()),
                Heads.of(dKeys, layout.key()),
                layout.values(dExpanded));
        keys.release();
        HeadColumns.copy(
                compute,
                dKeys,
                new Place(0, layout.key()),
                dExpanded,
                new Place(0, layout.expanded()),
                layout.heads(),
                layout.nope());
        Tensor dTurned = sumOverHeads(dKeys);
        dKeys.release();
        tape.addGradient(queries, dQueries);
        tape.addGradient(expanded, dExpanded);
        tape.addGradient(turned, dTurned);
    }

    private Tensor sumOverHeads(Tensor dKeys) {
        int rows = queries.rows();
        Tensor ofHeads = tape.temporary(tape.dtype(), Shape.of(rows, (long) layout.heads() * layout.rope()));
        HeadColumns.copy(
                compute,
                dKeys,
                new Place(layout.nope(), layout.key()),
                ofHeads,
                new Place(0, layout.rope()),
                layout.heads(),
                layout.rope());
        Tensor sum = tape.temporary(tape.dtype(), Shape.of(rows, layout.rope()));
        Functions.sumGroups(compute, ofHeads, sum, 1, layout.rope());
        ofHeads.release();
        return sum;
    }
}
