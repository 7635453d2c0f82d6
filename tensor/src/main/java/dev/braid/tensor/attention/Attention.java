package dev.braid.tensor.attention;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.Locale;

/**
 * Scaled dot-product attention {@code O = softmax(scale Q K^T) V} with grouped heads: query head {@code h} reads key head
 * {@code h / (heads / kvHeads)}. Softmax online, as in FlashAttention (Dao et al. 2022, 2023): memory beside the operands
 * grows with the length, never with its square.
 *
 * <p>Sums are in f32 and in an order that depends on the shapes alone: results are the same bits for any number of cores.
 * One thread at a time per {@link Compute}. Outputs must not overlap inputs or one another, except as different columns of
 * one packed matrix. Faulty shapes are an {@link IllegalArgumentException}, a released tensor an
 * {@link IllegalStateException}.
 */
public final class Attention {
    private static final AttentionKernel KERNEL = new VectorAttention();

    private Attention() {}

    /**
     * Attention of {@code q} to {@code k} and {@code v}. A query that sees no key gives {@code O = 0} and
     * {@code LSE = -infinity}.
     *
     * @param q {@code [batch * queries]} rows or more, any number of heads
     * @param k {@code [batch * keys]} rows or more; its heads divide those of {@code q}
     * @param v as many heads and rows as {@code k}, of any size
     * @param o overwritten; as many heads as {@code q}, of the size of {@code v}
     * @param lse F32 {@code [batch, heads, queries]}, overwritten by the logarithm of the sum of the exponentials of the
     *     scaled scores, which {@link #backward} needs; null when it is not wanted
     */
    public static void forward(Compute compute, AttentionSpec spec, Heads q, Heads k, Heads v, Heads o, Tensor lse) {
        forward(KERNEL, compute, spec, q, k, v, o, lse);
    }

    /**
     * Gradients of {@link #forward}. The gradient of a key head sums over the query heads that share it, in their order.
     *
     * @param o what {@link #forward} wrote, or the merged result when keys are spread over several calls
     * @param lse the log-sum-exp over all keys that the queries ever see: of this call, or merged
     * @param dO gradient of {@code o}
     * @param dq overwritten by the gradient of {@code q} through the keys given here
     * @param dk overwritten by the gradient of {@code k}
     * @param dv overwritten by the gradient of {@code v}
     */
    public static void backward(
            Compute compute,
            AttentionSpec spec,
            Heads q,
            Heads k,
            Heads v,
            Heads o,
            Tensor lse,
            Heads dO,
            Heads dq,
            Heads dk,
            Heads dv) {
        backward(KERNEL, compute, spec, q, k, v, o, lse, dO, dq, dk, dv);
    }

    static void forward(
            AttentionKernel kernel,
            Compute compute,
            AttentionSpec spec,
            Heads q,
            Heads k,
            Heads v,
            Heads o,
            Tensor lse) {
        AttentionKernel.Problem problem = problem(spec, q, k, v);
        checkOutputs("o", spec, q, v, o);
        long lseAddress = lse == null ? 0 : checkLse(spec, q, lse);
        Operand output = o.operand();
        compute.profile()
                .time(
                        "attention.forward",
                        2 * products(problem, 1, 1),
                        () -> kernel.forward(compute, problem, output, lseAddress));
    }

    static void backward(
            AttentionKernel kernel,
            Compute compute,
            AttentionSpec spec,
            Heads q,
            Heads k,
            Heads v,
            Heads o,
            Tensor lse,
            Heads dO,
            Heads dq,
            Heads dk,
            Heads dv) {
        AttentionKernel.Problem problem = problem(spec, q, k, v);
        checkOutputs("o", spec, q, v, o);
        checkOutputs("dO", spec, q, v, dO);
        checkQueries("dq", spec, q, dq);
        checkKeys("dk", "k", spec, k, dk);
        checkKeys("dv", "v", spec, v, dv);
        if (lse == null) {
            throw new IllegalArgumentException("attention.backward needs the lse that attention.forward wrote: pass a"
                    + " tensor to forward instead of null");
        }
        AttentionKernel.Gradients gradients = new AttentionKernel.Gradients(
                o.operand(), checkLse(spec, q, lse), dO.operand(), dq.operand(), dk.operand(), dv.operand());
        compute.profile()
                .time(
                        "attention.backward",
                        2 * products(problem, 3, 2),
                        () -> kernel.backward(compute, problem, gradients));
    }

    /** Multiply-adds of so many products over the columns of keys, and over those of values. */
    private static double products(AttentionKernel.Problem problem, int ofKeys, int ofValues) {
        AttentionSpec spec = problem.spec();
        double columns = ofKeys * problem.headSize() + ofValues * problem.valueSize();
        return spec.batch() * problem.heads() * columns * spec.visiblePairs();
    }

    private static AttentionKernel.Problem problem(AttentionSpec spec, Heads q, Heads k, Heads v) {
        if (q.heads() % k.heads() != 0) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "the %d query heads must be a multiple of the %d key heads: change the number of key heads",
                    q.heads(),
                    k.heads()));
        }
        checkQueries("q", spec, q, q);
        if (k.headSize() != q.headSize()) {
            throw new IllegalArgumentException(
                    String.format(Locale.ROOT, "head size of k is %d but that of q is %d", k.headSize(), q.headSize()));
        }
        checkKeys("k", "k", spec, k, k);
        checkHeads("v", "k", v, k.heads(), v.headSize());
        checkRows("v", (long) spec.batch() * spec.keys(), "batch * keys", v);
        return new AttentionKernel.Problem(
                spec, q.heads(), k.heads(), q.headSize(), v.headSize(), q.operand(), k.operand(), v.operand());
    }

    private static void checkQueries(String name, AttentionSpec spec, Heads q, Heads heads) {
        checkLike(name, "q", q, heads);
        checkRows(name, (long) spec.batch() * spec.queries(), "batch * queries", heads);
    }

    /** Outputs have the heads of the queries and the columns of the values. */
    private static void checkOutputs(String name, AttentionSpec spec, Heads q, Heads v, Heads heads) {
        checkHeads(name, q.headSize() == v.headSize() ? "q" : "q and v", heads, q.heads(), v.headSize());
        checkRows(name, (long) spec.batch() * spec.queries(), "batch * queries", heads);
    }

    private static void checkKeys(String name, String modelName, AttentionSpec spec, Heads model, Heads heads) {
        checkLike(name, modelName, model, heads);
        checkRows(name, (long) spec.batch() * spec.keys(), "batch * keys", heads);
    }

    private static void checkLike(String name, String modelName, Heads model, Heads heads) {
        checkHeads(name, modelName, heads, model.heads(), model.headSize());
    }

    private static void checkHeads(String name, String modelName, Heads heads, int count, int size) {
        if (heads.heads() != count || heads.headSize() != size) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "%s has %d heads of size %d but must have %d of size %d, as %s",
                    name,
                    heads.heads(),
                    heads.headSize(),
                    count,
                    size,
                    modelName.contains(" ") ? modelName + " have" : modelName + " has"));
        }
    }

    private static void checkRows(String name, long needed, String formula, Heads heads) {
        if (heads.tensor().shape().rows() < needed) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT, "%s needs %d rows (%s) but is %s", name, needed, formula, heads.tensor()));
        }
    }

    private static long checkLse(AttentionSpec spec, Heads q, Tensor lse) {
        long needed = (long) spec.batch() * q.heads() * spec.queries();
        if (lse.dtype() != DType.F32 || lse.count() != needed) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "lse must be F32 [batch %d, heads %d, queries %d] but is %s",
                    spec.batch(),
                    q.heads(),
                    spec.queries(),
                    lse));
        }
        return lse.address();
    }
}
