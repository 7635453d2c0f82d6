package dev.braid.tensor.recurrence;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Heads;
import java.util.Optional;

/**
 * The linear recurrence over a matrix state {@code S [dk, dv]} of each head,
 * <pre>
 * S_t = Diag(w_t) S_{t-1} + b_t (a_t^T S_{t-1}) + k_t v_t^T,    o_t = S_t^T q_t,
 * </pre>
 * of which linear attention, state space models and delta rules are special cases: linear attention, RetNet and Mamba-2 have
 * no {@code a} and {@code b}; DeltaNet has {@code a = -beta k}, {@code b = k} and writes {@code beta v}; Gated DeltaNet
 * and KDA the same with {@code a = -beta alpha k} and the decay {@code alpha}; RWKV-7 has {@code a = -kappa}, {@code b = kappa eta}.
 *
 * <p>Runs in chunks: inside a chunk by matrix products and, with {@code a} and {@code b}, a triangular solve (the WY form of
 * Yang et al. 2024, arXiv 2406.06484; generalised where b is not k); from chunk to chunk by the state. Scalar decays enter as differences of
 * cumulative logarithms (Dao and Gu 2024, arXiv 2405.21060), decays by row in blocks of 16 tokens (Yang et al. 2023, arXiv
 * 2312.06635), so that no exponential of a growing sum occurs.
 *
 * <p>States, cumulative sums, solves and all products are f32; operands and results are F32 or BF16. Sums have an order that
 * depends on shapes, chunks and, for the form of a block, on the decays: results are the same bits for any number of cores.
 * One thread at a time per {@link Compute}. Results must not overlap inputs or one another, except as different columns of
 * one packed matrix, and the final state may overwrite the initial one. Faulty shapes are an
 * {@link IllegalArgumentException}, a released tensor an {@link IllegalStateException}.
 */
public final class Recurrence {
    private Recurrence() {}

    /** Chosen when first used: without the module of the Vector API its implementation must not be loaded. */
    private static final class Vector {
        static final RecurrenceKernel KERNEL = new VectorRecurrence();
    }

    private static RecurrenceKernel kernel(Compute compute) {
        return compute.kernels().name().equals("scalar") ? new ScalarRecurrence() : Vector.KERNEL;
    }

    /**
     * Memory for the states that {@link #forward} leaves to {@link #backward}: F32 {@code [batch, heads, n, dk, dv]}, where n
     * is one for every {@code saveEvery} chunks of the sequence that has most. The caller releases it.
     */
    public static Tensor allocateSaved(Compute compute, RecurrenceSpec spec, RecurrenceInputs inputs) {
        RecurrenceKernel.Problem problem = new Checks(spec, inputs).problem(inputs);
        Shape shape = Shape.of(spec.batch(), problem.heads(), problem.saves(), problem.keySize(), problem.valueSize());
        return compute.memory().allocate(Category.ACTIVATIONS, DType.F32, shape);
    }

    /**
     * Runs the recurrence.
     *
     * @param o overwritten by what the queries read; heads of the size of {@code v}
     * @param saved from {@link #allocateSaved}, for {@link #backward}; empty when no gradients are wanted
     * @param finalState overwritten by the state after the last token, F32 {@code [batch, heads, dk, dv]}
     */
    public static void forward(
            Compute compute,
            RecurrenceSpec spec,
            RecurrenceInputs inputs,
            Heads o,
            Optional<Tensor> saved,
            Optional<Tensor> finalState) {
        Checks checks = new Checks(spec, inputs);
        RecurrenceKernel.Problem problem = checks.problem(inputs);
        long states = checks.states(problem.valueSize());
        RecurrenceKernel.Outputs outputs = new RecurrenceKernel.Outputs(
                checks.heads("o", problem.valueSize(), o),
                Checks.floats("saved", saved, problem.saves() * states),
                Checks.floats("finalState", finalState, states));
        RecurrenceKernel kernel = kernel(compute);
        compute.profile().time("recurrence.forward", flops(problem), () -> kernel.forward(compute, problem, outputs));
    }

    /**
     * Gradients of {@link #forward} with the same spec and inputs.
     *
     * @param saved what {@link #forward} wrote
     * @param dO gradient of {@code o}
     * @param dFinal gradient of the final state, F32 {@code [batch, heads, dk, dv]}; zero if absent
     * @param gradients overwritten; those of {@code a} and {@code b} are needed where the inputs have them
     */
    public static void backward(
            Compute compute,
            RecurrenceSpec spec,
            RecurrenceInputs inputs,
            Tensor saved,
            Heads dO,
            Optional<Tensor> dFinal,
            RecurrenceGradients gradients) {
        Checks checks = new Checks(spec, inputs);
        RecurrenceKernel.Problem problem = checks.problem(inputs);
        RecurrenceKernel.Gradients checked = checks.gradients(problem, inputs, saved, dO, dFinal, gradients);
        RecurrenceKernel kernel = kernel(compute);
        compute.profile()
                .time("recurrence.backward", 2.5 * flops(problem), () -> kernel.backward(compute, problem, checked));
    }

    /**
     * What a segment does to the state that it starts from: {@code S_out = M S_in + S_0}, where {@code S_0} is the final state
     * of a run from zero. Segments compose, {@code (M2, S2) after (M1, S1) = (M2 M1, M2 S1 + S2)}, and gradients flow back
     * by the transpose of {@code M}. Queries, values and the initial state are not read. Needed where there is a change of
     * rank one; without one {@code M} is the diagonal of the product of decays.
     *
     * @param transition overwritten by {@code M}, F32 {@code [batch, heads, dk, dk]}; zero where a document starts
     *     inside the segment
     */
    public static void transition(Compute compute, RecurrenceSpec spec, RecurrenceInputs inputs, Tensor transition) {
        Checks checks = new Checks(spec, inputs);
        RecurrenceKernel.Problem full = checks.problem(inputs);
        int size = full.keySize();
        long at = Checks.floats("transition", Optional.of(transition), checks.states(size));
        RecurrenceKernel.Problem problem = new RecurrenceKernel.Problem(
                spec,
                full.chunks(),
                full.saves(),
                full.heads(),
                size,
                size,
                null,
                full.k(),
                null,
                full.decayKind(),
                full.decay(),
                full.fixedDecay(),
                full.erase(),
                0,
                at);
        setIdentities(transition, size);
        RecurrenceKernel.Outputs outputs = new RecurrenceKernel.Outputs(null, 0, at);
        RecurrenceKernel kernel = kernel(compute);
        compute.profile()
                .time("recurrence.transition", flops(problem), () -> kernel.forward(compute, problem, outputs));
    }

    private static void setIdentities(Tensor states, int size) {
        states.zero();
        for (long i = 0; i < states.count(); i += (long) size * size) {
            for (int row = 0; row < size; row++) {
                states.set(i + (long) row * (size + 1), 1);
            }
        }
    }

    /** Products of the forward pass, roughly: reading and writing the state, and the pairs of a chunk. */
    private static double flops(RecurrenceKernel.Problem problem) {
        RecurrenceSpec spec = problem.spec();
        double tokens = (double) spec.batch() * spec.length() * problem.heads();
        // What passes the state: reads and writes. Pairs of tokens: whose scores are computed and used, of which half
        // count.
        int passes = problem.erase() == null ? 2 : problem.apart() ? 4 : 3;
        int scores = problem.erase() == null ? 1 : problem.apart() ? 4 : 2;
        double state = 2.0 * passes * problem.keySize() * problem.valueSize();
        double pairs = (double) scores * spec.chunk() * (problem.keySize() + problem.valueSize());
        return tokens * (state + pairs);
    }
}
