package dev.braid.tensor.recurrence;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Heads;
import dev.braid.tensor.attention.Operand;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The linear recurrence over a matrix state {@code S [dk, dv]} of each head,
 * <pre>
 * S_t = Diag(w_t) S_{t-1} + b_t (a_t^T S_{t-1}) + k_t v_t^T,    o_t = S_t^T q_t,
 * </pre>
 * of which linear attention, state space models and delta rules are special cases: linear attention, RetNet and Mamba-2 have
 * no {@code a} and {@code b}; DeltaNet has {@code a = k}, {@code b = -beta k} and writes {@code beta k}; Gated DeltaNet and
 * KDA the same with {@code a = alpha k} and the decay {@code alpha}; RWKV-7 has {@code a = -kappa}, {@code b = kappa eta}.
 *
 * <p>Runs in chunks: inside a chunk by matrix products and, with {@code a} and {@code b}, a triangular solve (the WY form of
 * Yang et al. 2024, arXiv 2406.06484, generalised); from chunk to chunk by the state. Scalar decays enter as differences of
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
        RecurrenceKernel.Problem problem = problem(spec, inputs);
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
        RecurrenceKernel.Problem problem = problem(spec, inputs);
        checkHeads("o", spec, problem.heads(), problem.valueSize(), o);
        long savedAt = optional("saved", saved, savedCount(problem));
        long finalAt = optional("finalState", finalState, stateCount(problem));
        RecurrenceKernel.Outputs outputs = new RecurrenceKernel.Outputs(o.operand(), savedAt, finalAt);
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
        RecurrenceKernel.Problem problem = problem(spec, inputs);
        checkHeads("dO", spec, problem.heads(), problem.valueSize(), dO);
        RecurrenceKernel.Gradients checked = gradients(problem, inputs, saved, dO, dFinal, gradients);
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
        RecurrenceKernel.Problem full = problem(spec, inputs);
        int size = full.keySize();
        long at = states("transition", transition, (long) spec.batch() * full.heads() * size * size);
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
        int vectors = problem.erase() == null ? 1 : 2;
        double state = 4.0 * vectors * problem.keySize() * problem.valueSize();
        double pairs = (double) vectors * vectors * spec.chunk() * (problem.keySize() + problem.valueSize());
        return tokens * (state + pairs);
    }

    private static RecurrenceKernel.Problem problem(RecurrenceSpec spec, RecurrenceInputs inputs) {
        int heads = inputs.k().heads();
        int keySize = inputs.k().headSize();
        checkHeads("k", spec, heads, keySize, inputs.k());
        checkHeads("q", spec, heads, keySize, inputs.q());
        int valueSize = inputs.v().headSize();
        checkHeads("v", spec, heads, valueSize, inputs.v());
        long tokens = (long) spec.batch() * spec.length();
        long documents = inputs.documents()
                .map(ids -> checked("documents", ids, DType.I32, tokens))
                .orElse(Chunk.NO_DOCUMENTS);
        long bonus = optional("bonus", inputs.bonus(), (long) heads * keySize);
        if (bonus != 0 && spec.read() != Read.BEFORE_WRITE) {
            throw new IllegalArgumentException(
                    "recurrence bonus goes with reading before the write only: set the spec's"
                            + " read to BEFORE_WRITE or leave the bonus out");
        }
        List<List<Chunk>> chunks = new ArrayList<>();
        int most = 0;
        for (int sequence = 0; sequence < spec.batch(); sequence++) {
            List<Chunk> own = Chunk.of(spec, documents, sequence);
            most = Math.max(most, own.size());
            chunks.add(own);
        }
        Optional<Heads> decay = tokenDecay(spec, heads, keySize, inputs.decay());
        return new RecurrenceKernel.Problem(
                spec,
                chunks,
                (most + spec.saveEvery() - 1) / spec.saveEvery(),
                heads,
                keySize,
                valueSize,
                inputs.q().operand(),
                inputs.k().operand(),
                inputs.v().operand(),
                kind(inputs.decay()),
                decay.map(Heads::operand).orElse(null),
                fixedDecay(heads, inputs.decay()),
                inputs.erase()
                        .map(erase -> factors("", spec, heads, keySize, erase))
                        .orElse(null),
                bonus,
                optional("initial", inputs.initial(), (long) spec.batch() * heads * keySize * valueSize));
    }

    private static RecurrenceKernel.DecayKind kind(Decay decay) {
        return switch (decay) {
            case Decay.None _ -> RecurrenceKernel.DecayKind.NONE;
            case Decay.Fixed _ -> RecurrenceKernel.DecayKind.FIXED;
            case Decay.PerToken perToken when perToken.logDecay().headSize() == 1 -> RecurrenceKernel.DecayKind.SCALAR;
            case Decay.PerToken _ -> RecurrenceKernel.DecayKind.VECTOR;
        };
    }

    private static long fixedDecay(int heads, Decay decay) {
        return decay instanceof Decay.Fixed fixed ? states("logDecay", fixed.logDecay(), heads) : 0;
    }

    private static Optional<Heads> tokenDecay(RecurrenceSpec spec, int heads, int keySize, Decay decay) {
        if (!(decay instanceof Decay.PerToken perToken)) {
            return Optional.empty();
        }
        Heads log = perToken.logDecay();
        if (log.headSize() != 1 && log.headSize() != keySize) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "recurrence: logDecay has %d heads of size %d but must have %d of size %d, or of size 1 for one decay"
                            + " a head",
                    log.heads(),
                    log.headSize(),
                    heads,
                    keySize));
        }
        checkHeads("logDecay", spec, heads, log.headSize(), log);
        return Optional.of(log);
    }

    private static RecurrenceKernel.Factors factors(
            String prefix, RecurrenceSpec spec, int heads, int keySize, Erase erase) {
        checkHeads(prefix + "a", spec, heads, keySize, erase.a());
        checkHeads(prefix + "b", spec, heads, keySize, erase.b());
        return new RecurrenceKernel.Factors(erase.a().operand(), erase.b().operand());
    }

    private static RecurrenceKernel.Gradients gradients(
            RecurrenceKernel.Problem problem,
            RecurrenceInputs inputs,
            Tensor saved,
            Heads dO,
            Optional<Tensor> dFinal,
            RecurrenceGradients gradients) {
        RecurrenceSpec spec = problem.spec();
        int heads = problem.heads();
        int keySize = problem.keySize();
        checkHeads("gradient of q", spec, heads, keySize, gradients.q());
        checkHeads("gradient of k", spec, heads, keySize, gradients.k());
        checkHeads("gradient of v", spec, heads, problem.valueSize(), gradients.v());
        same("a and b", inputs.erase().isPresent(), gradients.erase().isPresent(), true);
        same("the bonus", inputs.bonus().isPresent(), gradients.bonus().isPresent(), false);
        same("a decay by token", problem.decay() != null, gradients.decay().isPresent(), false);
        same("a fixed decay", problem.fixedDecay() != 0, gradients.fixedDecay().isPresent(), false);
        int decaySize = problem.decayKind() == RecurrenceKernel.DecayKind.SCALAR ? 1 : keySize;
        gradients.decay().ifPresent(decay -> checkHeads("gradient of logDecay", spec, heads, decaySize, decay));
        long tasks = (long) spec.batch() * heads;
        Operand decay = gradients.decay().map(Heads::operand).orElse(null);
        return new RecurrenceKernel.Gradients(
                states("saved", saved, savedCount(problem)),
                dO.operand(),
                optional("gradient of the final state", dFinal, stateCount(problem)),
                gradients.q().operand(),
                gradients.k().operand(),
                gradients.v().operand(),
                decay,
                optional("gradient of the fixed decay", gradients.fixedDecay(), tasks),
                gradients
                        .erase()
                        .map(erase -> factors("gradient of ", spec, heads, keySize, erase))
                        .orElse(null),
                optional("gradient of the bonus", gradients.bonus(), tasks * keySize),
                optional("gradient of the initial state", gradients.initial(), stateCount(problem)));
    }

    private static void same(String what, boolean input, boolean gradient, boolean needed) {
        if (gradient && !input) {
            throw new IllegalArgumentException("recurrence.backward: a gradient of " + what
                    + " is asked for but the inputs have none: leave it out");
        }
        if (needed && input && !gradient) {
            throw new IllegalArgumentException(
                    "recurrence.backward: the inputs have " + what + ": give tensors for their gradients");
        }
    }

    private static long savedCount(RecurrenceKernel.Problem problem) {
        return stateCount(problem) * problem.saves();
    }

    private static long stateCount(RecurrenceKernel.Problem problem) {
        return (long) problem.spec().batch() * problem.heads() * problem.keySize() * problem.valueSize();
    }

    private static long optional(String name, Optional<Tensor> tensor, long count) {
        return tensor.map(present -> states(name, present, count)).orElse(0L);
    }

    private static long states(String name, Tensor tensor, long count) {
        return checked(name, tensor, DType.F32, count);
    }

    private static long checked(String name, Tensor tensor, DType dtype, long count) {
        if (tensor.dtype() != dtype || tensor.count() != count) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT, "recurrence: %s must be %s of %d elements but is %s", name, dtype, count, tensor));
        }
        return tensor.address();
    }

    private static void checkHeads(String name, RecurrenceSpec spec, int heads, int size, Heads actual) {
        if (actual.heads() != heads || actual.headSize() != size) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "recurrence: %s has %d heads of size %d but must have %d of size %d",
                    name,
                    actual.heads(),
                    actual.headSize(),
                    heads,
                    size));
        }
        long rows = (long) spec.batch() * spec.length();
        if (actual.tensor().shape().rows() < rows) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "recurrence: %s needs %d rows (batch * length) but is %s",
                    name,
                    rows,
                    actual.tensor()));
        }
    }
}
