package dev.braid.tensor.recurrence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Heads;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two sequences of three tokens, two heads, dk = 4, dv = 5. */
class RecurrenceErrorsTest {
    private static final RecurrenceSpec SPEC = RecurrenceSpec.of(2, 3);

    private Compute compute;
    private RecurrenceInputs inputs;
    private Heads o;

    @BeforeEach
    void open() {
        compute = new Compute(1, "vector", "test");
        inputs = RecurrenceInputs.of(heads(6, 2, 4), heads(6, 2, 4), heads(6, 2, 5));
        o = heads(6, 2, 5);
    }

    @AfterEach
    void close() {
        compute.close();
    }

    private Tensor tensor(DType dtype, long... extents) {
        return compute.memory().zeros(Category.ACTIVATIONS, dtype, Shape.of(extents));
    }

    private Heads heads(int rows, int heads, int size) {
        return Heads.of(tensor(DType.F32, rows, (long) heads * size), size);
    }

    private void forward(RecurrenceInputs given) {
        Recurrence.forward(compute, SPEC, given, o, Optional.empty(), Optional.empty());
    }

    private void backward(RecurrenceInputs given, RecurrenceGradients gradients) {
        Tensor saved = Recurrence.allocateSaved(compute, SPEC, given);
        Recurrence.backward(compute, SPEC, given, saved, o, Optional.empty(), gradients);
    }

    private RecurrenceGradients gradients() {
        return RecurrenceGradients.of(heads(6, 2, 4), heads(6, 2, 4), heads(6, 2, 5));
    }

    private static void rejects(Runnable call, String message) {
        assertThatThrownBy(call::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void shouldRefuseImpossibleSpecs() {
        rejects(() -> RecurrenceSpec.of(0, 1), "recurrence batch must be at least 1 but is 0");
        rejects(() -> RecurrenceSpec.of(1, 0), "recurrence length must be at least 1 but is 0");
        rejects(() -> SPEC.withChunk(0), "recurrence chunk must be from 1 to 128 tokens but is 0");
        rejects(() -> SPEC.withChunk(129), "recurrence chunk must be from 1 to 128 tokens but is 129");
        rejects(
                () -> new RecurrenceSpec(1, 1, 1, 0, Read.AFTER_WRITE),
                "recurrence saveEvery must be at least 1 but is 0");
    }

    @Test
    void shouldRefuseHeadsOfAnotherShape() {
        rejects(
                () -> forward(RecurrenceInputs.of(heads(6, 4, 4), inputs.k(), inputs.v())),
                "recurrence: q has 4 heads of size 4 but must have 2, or a number that divides it, of size 4");
        rejects(
                () -> forward(RecurrenceInputs.of(heads(6, 2, 3), inputs.k(), inputs.v())),
                "recurrence: q has 2 heads of size 3 but must have 2 of size 4");
        rejects(
                () -> forward(inputs.withDecay(Decay.perToken(heads(6, 1, 1)))),
                "recurrence: logDecay has 1 heads of size 1 but must have 2 of size 1");
        rejects(
                () -> forward(RecurrenceInputs.of(heads(5, 2, 4), inputs.k(), inputs.v())),
                "recurrence: q needs 6 rows (batch * length) but is F32[5, 8]");
        rejects(
                () -> forward(inputs.withErase(Erase.apart(heads(6, 2, 4), heads(6, 2, 5)))),
                "recurrence: b has 2 heads of size 5 but must have 2 of size 4");
    }

    @Test
    void shouldRefuseHeadsWiderThanItTakes() {
        Heads wide = heads(6, 2, 257);
        rejects(
                () -> forward(RecurrenceInputs.of(wide, wide, inputs.v())),
                "recurrence: k has heads of size 257, the widest are 256");
    }

    @Test
    void shouldRefuseDecaysThatAreNeitherByHeadNorByRow() {
        rejects(
                () -> forward(inputs.withDecay(Decay.perToken(heads(6, 2, 3)))),
                "recurrence: logDecay has 2 heads of size 3 but must have 2 of size 4, or of size 1 for one decay a head");
        rejects(
                () -> forward(inputs.withDecay(Decay.fixed(tensor(DType.F32, 3)))),
                "recurrence: logDecay must be F32 of 2 elements but is F32[3]");
    }

    @Test
    void shouldRefuseStatesOfAnotherShape() {
        rejects(
                () -> forward(inputs.withInitial(tensor(DType.BF16, 2, 2, 4, 5))),
                "recurrence: initial must be F32 of 80 elements but is BF16[2, 2, 4, 5]");
        rejects(
                () -> forward(inputs.withDocuments(tensor(DType.I32, 3))),
                "recurrence: documents must be I32 of 6 elements but is I32[3]");
        rejects(
                () -> Recurrence.transition(compute, SPEC, inputs, tensor(DType.F32, 2, 2, 4, 5)),
                "recurrence: transition must be F32 of 64 elements but is F32[2, 2, 4, 5]");
    }

    @Test
    void shouldRefuseABonusWhereTheOwnWriteIsReadAnyway() {
        rejects(
                () -> forward(inputs.withBonus(tensor(DType.F32, 2, 4))),
                "recurrence bonus goes with reading before the write only: set the spec's read to BEFORE_WRITE or leave the"
                        + " bonus out");
    }

    @Test
    void shouldRefuseABonusWhereWhatIsErasedGoesAlongTheKeys() {
        RecurrenceInputs along = inputs.withErase(Erase.along(heads(6, 2, 4))).withBonus(tensor(DType.F32, 2, 4));
        rejects(
                () -> Recurrence.forward(
                        compute, SPEC.withRead(Read.BEFORE_WRITE), along, o, Optional.empty(), Optional.empty()),
                "recurrence: a bonus is for a token's own value, without what it erases: give k as a b of its own"
                        + " (Erase.apart) or leave the bonus out");
    }

    @Test
    void shouldRefuseGradientsOfWhatTheInputsLack() {
        rejects(
                () -> backward(inputs, gradients().withDecay(heads(6, 2, 4))),
                "recurrence.backward: a gradient of a decay by token is asked for but the inputs have none: leave it out");
        rejects(
                () -> backward(inputs, gradients().withFixedDecay(tensor(DType.F32, 2, 2))),
                "recurrence.backward: a gradient of a fixed decay is asked for but the inputs have none: leave it out");
        rejects(
                () -> backward(inputs.withErase(Erase.apart(heads(6, 2, 4), heads(6, 2, 4))), gradients()),
                "recurrence.backward: the inputs have an erased part: give tensors for its gradients");
        Erase along = Erase.along(heads(6, 2, 4));
        Erase apart = Erase.apart(heads(6, 2, 4), heads(6, 2, 4));
        rejects(
                () -> backward(inputs.withErase(along), gradients().withErase(apart)),
                "recurrence.backward: a gradient of a b of its own is asked for but the inputs have none: leave it out");
        rejects(
                () -> backward(inputs.withErase(apart), gradients().withErase(along)),
                "recurrence.backward: the inputs have a b of their own: give a tensor for its gradient too");
    }

    @Test
    void shouldRefuseAReleasedTensor() {
        inputs.v().tensor().release();
        assertThatThrownBy(() -> forward(inputs))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was released");
    }

    @Test
    void shouldLeaveTheColumnsBesideItsHeadsAlone() {
        Tensor wide = tensor(DType.F32, 6, 12);
        for (long i = 0; i < wide.count(); i++) {
            wide.set(i, 9);
        }
        o = new Heads(wide, 1, 2, 5);
        forward(inputs);
        assertThat(wide.rows(2, 1).toFloats()).containsExactly(9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9);
    }
}
