package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Heads;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.ops.Functions;
import dev.braid.tensor.recurrence.Decay;
import dev.braid.tensor.recurrence.Erase;
import dev.braid.tensor.recurrence.Read;
import dev.braid.tensor.recurrence.Recurrence;
import dev.braid.tensor.recurrence.RecurrenceGradients;
import dev.braid.tensor.recurrence.RecurrenceInputs;
import dev.braid.tensor.recurrence.RecurrenceSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The linear recurrence as an operation of a tape: see {@link Recurrence}. */
public final class RecurrentOperations {
    private final Tape tape;
    private final Compute compute;
    private final RecurrenceOperands operands;
    private final RecurrenceSpec spec;
    private final RecurrenceInputs inputs;
    private final int heads;

    private RecurrentOperations(
            Tape tape, RecurrenceOperands operands, int sequences, Tensor documents, Optional<Tensor> state) {
        this.tape = tape;
        this.compute = tape.compute();
        this.operands = operands;
        this.heads = Math.toIntExact(operands.v().value().shape().columns() / operands.valueSize());
        RecurrenceSpec usual = RecurrenceSpec.of(sequences, operands.v().rows() / sequences);
        this.spec = operands.readBeforeWrite() ? usual.withRead(Read.BEFORE_WRITE) : usual;
        this.inputs = new RecurrenceInputs(
                keys(operands.q().value()),
                keys(operands.k().value()),
                values(operands.v().value()),
                decay(operands.decay()),
                operands.a().map(a -> new Erase(keys(a.value()), operands.b().map(b -> keys(b.value())))),
                operands.bonus().map(bonus -> bonus.compute()),
                Optional.of(documents),
                state);
    }

    /**
     * Runs the recurrence over {@code sequences} of equal length; each starts from zero, and so does each document in it. Heads of
     * v that are wider than the kernel takes are cut into several, which share the rest.
     *
     * @param documents I32 [n], a number for each token that changes where a document begins
     * @param state F32 [sequences, H, dk, dv], or, where heads are cut, [sequences, H parts, dk, dv / parts]: what the sequences start
     *     from, overwritten by what they end with; only on a tape that does not record
     * @return what the queries read [n, H dv], in the dtype of v
     */
    public static Variable recurrence(
            Tape tape, RecurrenceOperands operands, int sequences, Tensor documents, Optional<Tensor> state) {
        if (state.isPresent() && tape.recording()) {
            throw new IllegalArgumentException("recurrence: a state is for tapes that don't record");
        }
        int parts = parts(operands.valueSize());
        if (parts == 1) {
            return new RecurrentOperations(tape, operands, sequences, documents, state).run(state);
        }
        RecurrenceOperands narrow = narrow(tape, operands, parts);
        Variable read = new RecurrentOperations(tape, narrow, sequences, documents, state).run(state);
        if (narrow.decay() instanceof RecurrenceOperands.Decay.Fixed fixed) {
            fixed.log().release();
        }
        return read;
    }

    /** Columns of the parts into which heads of v of {@code valueSize} columns are cut: all of them up to 256. */
    public static int cutWidth(int valueSize) {
        return valueSize / parts(valueSize);
    }

    /** Into how many heads a head of v must be cut for the kernel to take it: columns of a state don't see each other. */
    private static int parts(int valueSize) {
        int parts = (valueSize + Heads.MAXIMUM_HEAD_SIZE - 1) / Heads.MAXIMUM_HEAD_SIZE;
        while (valueSize % parts != 0) {
            parts++;
        }
        return parts;
    }

    /** The same recurrence of more and narrower heads, neighbours of which share everything but their columns of v. */
    private static RecurrenceOperands narrow(Tape tape, RecurrenceOperands wide, int parts) {
        if (wide.bonus().isPresent()) {
            throw new IllegalArgumentException("recurrence: heads of v of " + wide.valueSize()
                    + " columns and a bonus don't go together; the widest are " + Heads.MAXIMUM_HEAD_SIZE);
        }
        int heads = wide.v().columns() / wide.valueSize();
        RecurrenceOperands.Decay decay = switch (wide.decay()) {
            case RecurrenceOperands.Decay.None none -> none;
            case RecurrenceOperands.Decay.Fixed fixed -> {
                Tensor log = tape.temporary(DType.F32, Shape.of((long) heads * parts));
                for (int head = 0; head < heads * parts; head++) {
                    log.set(head, fixed.log().get(head / parts));
                }
                yield new RecurrenceOperands.Decay.Fixed(log);
            }
            case RecurrenceOperands.Decay.PerToken perToken ->
                new RecurrenceOperands.Decay.PerToken(
                        Columns.repeatHeads(tape, perToken.log(), perToken.log().columns() / heads, parts));
        };
        return new RecurrenceOperands(
                wide.keySize(),
                wide.valueSize() / parts,
                wide.q(),
                wide.k(),
                wide.v(),
                decay,
                wide.a(),
                wide.b(),
                Optional.empty(),
                wide.readBeforeWrite());
    }

    private Variable run(Optional<Tensor> state) {
        Tensor v = operands.v().value();
        Tensor out = tape.output(v.dtype(), v.shape());
        if (!tape.recording()) {
            Recurrence.forward(compute, spec, inputs, values(out), Optional.empty(), state);
            return tape.constant(out);
        }
        Tensor states = Recurrence.allocateSaved(compute, spec, inputs);
        Recurrence.forward(compute, spec, inputs, values(out), Optional.of(states), Optional.empty());
        List<Tensor> saved =
                new ArrayList<>(List.of(operands.q().value(), operands.k().value(), v, states));
        switch (operands.decay()) {
            case RecurrenceOperands.Decay.None _ -> {}
            case RecurrenceOperands.Decay.Fixed fixed -> saved.add(fixed.log());
            case RecurrenceOperands.Decay.PerToken perToken ->
                saved.add(perToken.log().value());
        }
        operands.a().ifPresent(a -> saved.add(a.value()));
        operands.b().ifPresent(b -> saved.add(b.value()));
        inputs.documents().ifPresent(saved::add);
        Variable result =
                tape.record(out, operands.v().tokenRows(), saved, gradient -> backward(states, gradient), null);
        states.release();
        return result;
    }

    private Heads keys(Tensor tensor) {
        return Heads.of(tensor, operands.keySize());
    }

    private Heads values(Tensor tensor) {
        return Heads.of(tensor, operands.valueSize());
    }

    private Decay decay(RecurrenceOperands.Decay decay) {
        return switch (decay) {
            case RecurrenceOperands.Decay.None _ -> Decay.none();
            case RecurrenceOperands.Decay.Fixed fixed -> Decay.fixed(fixed.log());
            case RecurrenceOperands.Decay.PerToken perToken ->
                Decay.perToken(decays(perToken.log().value()));
        };
    }

    private Heads decays(Tensor log) {
        return Heads.of(log, Math.toIntExact(log.shape().columns() / heads));
    }

    private void backward(Tensor states, Tensor gradient) {
        Tensor dQ = perHead(operands.q());
        Tensor dK = perHead(operands.k());
        Tensor dV = tape.temporary(gradient.dtype(), gradient.shape());
        RecurrenceGradients gradients = RecurrenceGradients.of(keys(dQ), keys(dK), values(dV));
        Optional<Tensor> dDecay = Optional.empty();
        if (operands.decay() instanceof RecurrenceOperands.Decay.PerToken perToken) {
            Tensor log = perToken.log().value();
            dDecay = Optional.of(tape.temporary(log.dtype(), log.shape()));
            gradients = gradients.withDecay(decays(dDecay.get()));
        }
        Optional<Tensor> dA = operands.a().map(this::perHead);
        Optional<Tensor> dB = operands.b().map(this::perHead);
        if (dA.isPresent()) {
            gradients = gradients.withErase(new Erase(keys(dA.get()), dB.map(this::keys)));
        }
        Optional<Tensor> dBonus = operands.bonus()
                .map(bonus -> tape.temporary(
                        DType.F32, Shape.of(spec.batch(), bonus.compute().count())));
        if (dBonus.isPresent()) {
            gradients = gradients.withBonus(dBonus.get());
        }
        Recurrence.backward(compute, spec, inputs, states, values(gradient), Optional.empty(), gradients);
        pass(operands.q(), dQ);
        pass(operands.k(), dK);
        tape.addGradient(operands.v(), dV);
        if (operands.decay() instanceof RecurrenceOperands.Decay.PerToken perToken) {
            tape.addGradient(perToken.log(), dDecay.orElseThrow());
        }
        operands.a().ifPresent(a -> pass(a, dA.orElseThrow()));
        operands.b().ifPresent(b -> pass(b, dB.orElseThrow()));
        dBonus.ifPresent(sums -> {
            Elementwise.columnSum(compute, sums, operands.bonus().orElseThrow().gradient());
            sums.release();
        });
    }

    /** Room for the gradient of an operand with a head for each head of v. */
    private Tensor perHead(Variable operand) {
        return tape.temporary(operand.value().dtype(), Shape.of(operand.rows(), (long) heads * operands.keySize()));
    }

    /** Heads of v that share one of the operand add up. */
    private void pass(Variable operand, Tensor perHead) {
        if (perHead.shape().columns() == operand.value().shape().columns()) {
            tape.addGradient(operand, perHead);
            return;
        }
        Tensor sums = tape.temporary(operand.value().dtype(), operand.value().shape());
        int groups = Math.toIntExact(operand.value().shape().columns() / operands.keySize());
        Functions.sumGroups(compute, perHead, sums, groups, operands.keySize());
        perHead.release();
        tape.addGradient(operand, sums);
    }
}
