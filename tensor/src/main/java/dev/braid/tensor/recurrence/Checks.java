package dev.braid.tensor.recurrence;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Heads;
import dev.braid.tensor.attention.Operand;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Checks the operands of a call and makes what kernels take of them. */
final class Checks {
    private final RecurrenceSpec spec;
    private final int heads;
    private final int keySize;
    private final int valueSize;

    Checks(RecurrenceSpec spec, RecurrenceInputs inputs) {
        this.spec = spec;
        heads = inputs.v().heads();
        keySize = inputs.k().headSize();
        valueSize = inputs.v().headSize();
    }

    RecurrenceKernel.Problem problem(RecurrenceInputs inputs) {
        Shared k = shared("k", inputs.k());
        Shared q = shared("q", inputs.q());
        Operand v = heads("v", valueSize, inputs.v());
        long documents = inputs.documents()
                .map(ids -> tensor("documents", ids, DType.I32, (long) spec.batch() * spec.length()))
                .orElse(Chunk.NO_DOCUMENTS);
        long bonus = floats("bonus", inputs.bonus(), (long) heads * keySize);
        if (bonus != 0 && spec.read() != Read.BEFORE_WRITE) {
            throw new IllegalArgumentException(
                    "recurrence bonus goes with reading before the write only: set the spec's"
                            + " read to BEFORE_WRITE or leave the bonus out");
        }
        if (bonus != 0 && inputs.erase().map(erase -> erase.b().isEmpty()).orElse(false)) {
            throw new IllegalArgumentException("recurrence: a bonus is for a token's own value, without what it erases:"
                    + " give k as a b of its own (Erase.apart) or leave the bonus out");
        }
        List<List<Chunk>> chunks = new ArrayList<>();
        int most = 0;
        for (int sequence = 0; sequence < spec.batch(); sequence++) {
            List<Chunk> own = Chunk.of(spec, documents, sequence);
            most = Math.max(most, own.size());
            chunks.add(own);
        }
        return new RecurrenceKernel.Problem(
                spec,
                chunks,
                (most + spec.saveEvery() - 1) / spec.saveEvery(),
                heads,
                keySize,
                valueSize,
                q,
                k,
                new Shared(v, 1),
                kind(inputs.decay()),
                tokenDecay(inputs.decay()),
                fixedDecay(inputs.decay()),
                inputs.erase()
                        .map(erase -> new RecurrenceKernel.Factors(
                                shared("a", erase.a()),
                                erase.b().map(b -> shared("b", b)).orElse(null)))
                        .orElse(null),
                bonus,
                floats("initial", inputs.initial(), states(valueSize)));
    }

    private static RecurrenceKernel.DecayKind kind(Decay decay) {
        return switch (decay) {
            case Decay.None _ -> RecurrenceKernel.DecayKind.NONE;
            case Decay.Fixed _ -> RecurrenceKernel.DecayKind.FIXED;
            case Decay.PerToken perToken when perToken.logDecay().headSize() == 1 -> RecurrenceKernel.DecayKind.SCALAR;
            case Decay.PerToken _ -> RecurrenceKernel.DecayKind.VECTOR;
        };
    }

    private long fixedDecay(Decay decay) {
        return decay instanceof Decay.Fixed fixed ? floats("logDecay", Optional.of(fixed.logDecay()), heads) : 0;
    }

    private Operand tokenDecay(Decay decay) {
        if (!(decay instanceof Decay.PerToken perToken)) {
            return null;
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
        return heads("logDecay", log.headSize(), log);
    }

    RecurrenceKernel.Gradients gradients(
            RecurrenceKernel.Problem problem,
            RecurrenceInputs inputs,
            Tensor saved,
            Heads dO,
            Optional<Tensor> dFinal,
            RecurrenceGradients gradients) {
        given("an erased part", inputs.erase().isPresent(), gradients.erase().isPresent());
        if (inputs.erase().isPresent() && gradients.erase().isEmpty()) {
            throw new IllegalArgumentException(
                    "recurrence.backward: the inputs have an erased part: give tensors for its gradients");
        }
        boolean dB = gradients.erase().flatMap(Erase::b).isPresent();
        given("a b of its own", problem.apart(), dB);
        if (problem.apart() && !dB) {
            throw new IllegalArgumentException(
                    "recurrence.backward: the inputs have a b of their own: give a tensor for its gradient too");
        }
        given("the bonus", inputs.bonus().isPresent(), gradients.bonus().isPresent());
        given("a decay by token", problem.decay() != null, gradients.decay().isPresent());
        given("a fixed decay", problem.fixedDecay() != 0, gradients.fixedDecay().isPresent());
        int decaySize = problem.decayKind() == RecurrenceKernel.DecayKind.SCALAR ? 1 : keySize;
        long tasks = (long) spec.batch() * heads;
        return new RecurrenceKernel.Gradients(
                floats("saved", Optional.of(saved), problem.saves() * states(valueSize)),
                heads("dO", valueSize, dO),
                floats("gradient of the final state", dFinal, states(valueSize)),
                heads("gradient of q", keySize, gradients.q()),
                heads("gradient of k", keySize, gradients.k()),
                heads("gradient of v", valueSize, gradients.v()),
                gradients
                        .decay()
                        .map(decay -> heads("gradient of logDecay", decaySize, decay))
                        .orElse(null),
                floats("gradient of the fixed decay", gradients.fixedDecay(), tasks),
                gradients
                        .erase()
                        .map(erase -> new RecurrenceKernel.FactorGradients(
                                heads("gradient of a", keySize, erase.a()),
                                erase.b()
                                        .map(b -> heads("gradient of b", keySize, b))
                                        .orElse(null)))
                        .orElse(null),
                floats("gradient of the bonus", gradients.bonus(), tasks * keySize),
                floats("gradient of the initial state", gradients.initial(), states(valueSize)));
    }

    private static void given(String what, boolean input, boolean gradient) {
        if (gradient && !input) {
            throw new IllegalArgumentException("recurrence.backward: a gradient of " + what
                    + " is asked for but the inputs have none: leave it out");
        }
    }

    /** Elements of the states of all heads of all sequences, of that many columns. */
    long states(int columns) {
        return (long) spec.batch() * heads * keySize * columns;
    }

    /** The address of an F32 tensor of {@code count} elements; 0 if it is absent. */
    static long floats(String name, Optional<Tensor> tensor, long count) {
        return tensor.map(present -> tensor(name, present, DType.F32, count)).orElse(0L);
    }

    private static long tensor(String name, Tensor tensor, DType dtype, long count) {
        if (tensor.dtype() != dtype || tensor.count() != count) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT, "recurrence: %s must be %s of %d elements but is %s", name, dtype, count, tensor));
        }
        return tensor.address();
    }

    /** As many heads as the recurrence has, of this size. */
    Operand heads(String name, int size, Heads actual) {
        if (actual.heads() != heads) {
            throw wrongHeads(name, size, actual, Integer.toString(heads));
        }
        return sized(name, size, actual);
    }

    /** As many heads as the recurrence has, or a divisor of that. */
    private Shared shared(String name, Heads actual) {
        if (heads % actual.heads() != 0) {
            throw wrongHeads(name, keySize, actual, heads + ", or a number that divides it,");
        }
        sized(name, keySize, actual);
        return Shared.of(actual, heads);
    }

    private Operand sized(String name, int size, Heads actual) {
        if (size > Heads.MAXIMUM_HEAD_SIZE) {
            throw new IllegalArgumentException("recurrence: " + name + " has heads of size " + size
                    + ", the widest are " + Heads.MAXIMUM_HEAD_SIZE);
        }
        if (actual.headSize() != size) {
            throw wrongHeads(name, size, actual, Integer.toString(heads));
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
        return actual.operand();
    }

    private static IllegalArgumentException wrongHeads(String name, int size, Heads actual, String heads) {
        return new IllegalArgumentException(String.format(
                Locale.ROOT,
                "recurrence: %s has %d heads of size %d but must have %s of size %d",
                name,
                actual.heads(),
                actual.headSize(),
                heads,
                size));
    }
}
