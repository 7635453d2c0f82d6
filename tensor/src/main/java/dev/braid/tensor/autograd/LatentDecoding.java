package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Attention;
import dev.braid.tensor.attention.AttentionOptions;
import dev.braid.tensor.attention.AttentionSpec;
import dev.braid.tensor.attention.Heads;
import dev.braid.tensor.matmul.Matmul.Batched;
import dev.braid.tensor.matmul.MatmulSpec;
import dev.braid.tensor.ops.HeadColumns;
import dev.braid.tensor.ops.HeadColumns.Place;
import dev.braid.tensor.parameters.Weight;

/**
 * Latent attention at inference, without keys and values of heads (DeepSeek-AI 2024, arXiv 2405.04434, section 2.1.2): the matrix
 * that makes keys of latents is taken to the queries, {@code q^T (W_UK c) = (W_UK^T q)^T c}, and the one that makes values to what
 * they read, {@code sum p (W_UV c) = W_UV sum p c}. So all heads attend to one row a token, its latent.
 */
public final class LatentDecoding {
    private LatentDecoding() {}

    /**
     * What new tokens of one sequence read of it.
     *
     * @param queries of the new tokens, turned [n, heads (nope + rope)]
     * @param expansion [heads (nope + value), rank]
     * @param cache all tokens, the new ones last
     * @return [n, heads value]
     */
    public static Variable of(
            Tape tape,
            LatentHeads layout,
            Variable queries,
            Weight expansion,
            LatentCache cache,
            AttentionOptions options) {
        Tensor absorbed = absorb(tape, layout, queries.value(), expansion.compute());
        Tensor read = read(tape, layout, absorbed, cache, options);
        absorbed.release();
        Tensor out = expand(tape, layout, read, expansion.compute());
        read.release();
        return tape.constant(out);
    }

    /** {@code [W_UK^T q_nope, q_rope]} of each head: [n, heads (rank + rope)]. */
    private static Tensor absorb(Tape tape, LatentHeads layout, Tensor queries, Tensor expansion) {
        int rows = Math.toIntExact(queries.shape().rows());
        int heads = layout.heads();
        Tensor absorbed = tape.temporary(tape.dtype(), Shape.of(rows, (long) heads * layout.cached()));
        MatmulSpec spec = new MatmulSpec(
                rows,
                layout.rank(),
                layout.nope(),
                false,
                false,
                queries.dtype(),
                absorbed.dtype(),
                (long) heads * layout.key(),
                layout.rank(),
                (long) heads * layout.cached(),
                false);
        Batched q = new Batched(queries, 0, layout.key());
        Batched ofKeys = new Batched(expansion, 0, (long) layout.expanded() * layout.rank());
        multiply(tape.compute(), spec, heads, q, ofKeys, new Batched(absorbed, 0, layout.cached()));
        HeadColumns.copy(
                tape.compute(),
                queries,
                new Place(layout.nope(), layout.key()),
                absorbed,
                new Place(layout.rank(), layout.cached()),
                heads,
                layout.rope());
        return absorbed;
    }

    /** {@code sum p c} of each head: [n, heads rank]. */
    private static Tensor read(
            Tape tape, LatentHeads layout, Tensor absorbed, LatentCache cache, AttentionOptions options) {
        int rows = Math.toIntExact(absorbed.shape().rows());
        int heads = layout.heads();
        int kept = cache.rows();
        Tensor read = tape.temporary(tape.dtype(), Shape.of(rows, (long) heads * layout.rank()));
        Heads keys = new Heads(cache.filled(), 0, 1, layout.cached());
        Heads values = new Heads(cache.filled(), 0, 1, layout.rank());
        if (rows == 1) {
            // All heads of one token see the same rows: they are as many queries of one head.
            Attention.forward(
                    tape.compute(),
                    new AttentionSpec(1, heads, kept, 0, 0, false, options),
                    Heads.of(absorbed.reshape(heads, layout.cached()), layout.cached()),
                    keys,
                    values,
                    Heads.of(read.reshape(heads, layout.rank()), layout.rank()),
                    null);
        } else {
            Attention.forward(
                    tape.compute(),
                    new AttentionSpec(1, rows, kept, kept - rows, 0, true, options),
                    Heads.of(absorbed, layout.cached()),
                    keys,
                    values,
                    Heads.of(read, layout.rank()),
                    null);
        }
        return read;
    }

    /** {@code W_UV read} of each head: [n, heads value]. */
    private static Tensor expand(Tape tape, LatentHeads layout, Tensor read, Tensor expansion) {
        int rows = Math.toIntExact(read.shape().rows());
        int heads = layout.heads();
        Tensor out = tape.output(tape.dtype(), Shape.of(rows, (long) heads * layout.value()));
        MatmulSpec spec = new MatmulSpec(
                rows,
                layout.value(),
                layout.rank(),
                false,
                true,
                read.dtype(),
                out.dtype(),
                (long) heads * layout.rank(),
                layout.rank(),
                (long) heads * layout.value(),
                false);
        Batched ofValues =
                new Batched(expansion, (long) layout.nope() * layout.rank(), (long) layout.expanded() * layout.rank());
        multiply(
                tape.compute(),
                spec,
                heads,
                new Batched(read, 0, layout.rank()),
                ofValues,
                new Batched(out, 0, layout.value()));
        return out;
    }

    private static void multiply(Compute compute, MatmulSpec spec, int batch, Batched a, Batched b, Batched c) {
        compute.profile()
                .time(
                        "latent.absorb",
                        batch * spec.flops(),
                        () -> compute.matmul().multiplyBatch(spec, batch, a, b, c));
    }
}
