package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.parameters.Weight;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The recurrence on a tape: gradients reach every operand, and a state carries a sequence on. The kernel has tests of its own. */
class RecurrentOperationsTest {
    private static final double TOLERANCE = 2e-3;

    private final GradientCheck check = new GradientCheck();

    private Tensor documents(int... ids) {
        Tensor documents = check.compute().memory().zeros(Category.WORKSPACE, DType.I32, Shape.of(ids.length));
        documents.setInts(ids);
        return documents;
    }

    @Test
    void shouldSumProductsOfKeysAndValues() {
        // One head, dk = dv = 1: S = 2 * 3 = 6, then 6 + 1 * 4 = 10; o = 1 * 6 and 2 * 10.
        try (check) {
            check.input(0, 0, 2, 1).input(0, 0, 2, 1).input(0, 0, 2, 1);
            Tensor documents = documents(0, 0);
            float[] out = check.value((tape, x) -> {
                x.get(0).value().setFloats(new float[] {1, 2});
                x.get(1).value().setFloats(new float[] {2, 1});
                x.get(2).value().setFloats(new float[] {3, 4});
                return RecurrentOperations.recurrence(
                        tape,
                        RecurrenceOperands.of(1, 1, x.get(0), x.get(1), x.get(2)),
                        1,
                        documents,
                        Optional.empty());
            });
            documents.release();
            assertThat(out).containsExactly(6, 20);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldDifferentiateTheGatedDeltaRule(boolean along) {
        // Two sequences of four tokens, a document begins inside the first; two heads, dk = 3, dv = 2.
        try (check) {
            check.input(0, 0.7, 8, 6)
                    .input(0, 0.7, 8, 6)
                    .input(0, 1, 8, 4)
                    .input(0, 1, 8, 2)
                    .input(0, 0.7, 8, 6);
            if (!along) {
                check.input(0, 0.7, 8, 6);
            }
            Tensor documents = documents(0, 0, 1, 1, 0, 0, 0, 0);
            check.check(TOLERANCE, (tape, x) -> {
                Variable log = Pointwise.apply(tape, x.get(3), ElementFunction.LOG_SIGMOID);
                RecurrenceOperands operands = RecurrenceOperands.of(3, 2, x.get(0), x.get(1), x.get(2))
                        .withDecay(log);
                return RecurrentOperations.recurrence(
                        tape,
                        along ? operands.withErase(x.get(4)) : operands.withErase(x.get(4), x.get(5)),
                        2,
                        documents,
                        Optional.empty());
            });
            documents.release();
        }
    }

    @Test
    void shouldCutHeadsOfValuesThatAreTooWideForTheKernel() {
        // Two heads of 258 columns become four of 129, of which two share queries, keys and the decays of each row.
        try (check) {
            check.input(0, 0.7, 3, 4)
                    .input(0, 0.7, 3, 4)
                    .input(0, 1, 3, 2 * 258)
                    .input(0, 1, 3, 4);
            Tensor documents = documents(0, 0, 0);
            check.check(TOLERANCE, (tape, x) -> {
                Variable log = Pointwise.apply(tape, x.get(3), ElementFunction.LOG_SIGMOID);
                return RecurrentOperations.recurrence(
                        tape,
                        RecurrenceOperands.of(2, 258, x.get(0), x.get(1), x.get(2))
                                .withDecay(log),
                        1,
                        documents,
                        Optional.empty());
            });
            documents.release();
        }
    }

    @Test
    void shouldSumGradientsOfHeadsThatAreShared() {
        // Four heads of values, two of keys, one of queries; a decay for each row of the state.
        try (check) {
            check.input(0, 1, 5, 3).input(0, 1, 5, 6).input(0, 1, 5, 8).input(0, 1, 5, 12);
            Tensor documents = documents(0, 0, 0, 0, 0);
            check.check(TOLERANCE, (tape, x) -> {
                Variable log = Pointwise.apply(tape, x.get(3), ElementFunction.LOG_SIGMOID);
                return RecurrentOperations.recurrence(
                        tape,
                        RecurrenceOperands.of(3, 2, x.get(0), x.get(1), x.get(2))
                                .withDecay(log),
                        1,
                        documents,
                        Optional.empty());
            });
            documents.release();
        }
    }

    @Test
    void shouldDifferentiateTheBonusOfAReadBeforeTheWrite() {
        try (check) {
            check.input(0, 1, 4, 6).input(0, 1, 4, 6).input(0, 1, 4, 4);
            Weight bonus = check.weight("bonus", 6);
            Tensor documents = documents(0, 0, 0, 0);
            check.check(
                    TOLERANCE,
                    (tape, x) -> RecurrentOperations.recurrence(
                            tape,
                            RecurrenceOperands.of(3, 2, x.get(0), x.get(1), x.get(2))
                                    .readBeforeWrite(bonus),
                            1,
                            documents,
                            Optional.empty()));
            documents.release();
        }
    }

    @Test
    void shouldGoOnFromAState() {
        try (check) {
            check.input(0, 1, 5, 3).input(0, 1, 5, 3).input(0, 1, 5, 2);
            Tensor documents = documents(0, 0, 0, 0, 0);
            float[] whole = check.value((tape, x) -> RecurrentOperations.recurrence(
                    tape, RecurrenceOperands.of(3, 2, x.get(0), x.get(1), x.get(2)), 1, documents, Optional.empty()));
            Tensor state = check.compute().memory().zeros(Category.WORKSPACE, DType.F32, Shape.of(1, 1, 3, 2));
            float[] last = check.value((tape, x) -> {
                step(tape, x, documents, state, 0, 3);
                return step(tape, x, documents, state, 3, 2);
            });
            state.release();
            documents.release();
            for (int i = 0; i < last.length; i++) {
                assertThat(last[i]).isCloseTo(whole[6 + i], within(1e-5f));
            }
        }
    }

    private static Variable step(Tape tape, List<Variable> x, Tensor documents, Tensor state, int from, int tokens) {
        return RecurrentOperations.recurrence(
                tape,
                RecurrenceOperands.of(
                        3,
                        2,
                        tape.leaf(x.get(0).value().rows(from, tokens), false),
                        tape.leaf(x.get(1).value().rows(from, tokens), false),
                        tape.leaf(x.get(2).value().rows(from, tokens), false)),
                1,
                documents.rows(from, tokens),
                Optional.of(state));
    }

    @Test
    void shouldRefuseAStateOnARecordingTape() {
        try (check;
                Tape tape = Tape.training(check.compute(), DType.F32)) {
            check.input(0, 1, 1, 1);
            Tensor state = check.compute().memory().zeros(Category.WORKSPACE, DType.F32, Shape.of(1, 1, 1, 1));
            Tensor documents = documents(0);
            check.value((inference, x) -> x.getFirst());
            Tensor row = check.compute().memory().zeros(Category.WORKSPACE, DType.F32, Shape.of(1, 1));
            Variable x = tape.leaf(row, true);
            row.release();
            assertThatThrownBy(() -> RecurrentOperations.recurrence(
                            tape, RecurrenceOperands.of(1, 1, x, x, x), 1, documents, Optional.of(state)))
                    .hasMessage("recurrence: a state is for tapes that don't record");
            state.release();
            documents.release();
        }
    }
}
