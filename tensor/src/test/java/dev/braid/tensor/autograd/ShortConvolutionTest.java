package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.Weight;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The short convolution on a tape. The kernel has tests of its own. */
class ShortConvolutionTest {
    private final GradientCheck check = new GradientCheck();

    private Tensor documents(int... ids) {
        Tensor documents = check.compute().memory().zeros(Category.ACTIVATIONS, DType.I32, Shape.of(ids.length));
        documents.setInts(ids);
        return documents;
    }

    /** Two sequences of four tokens; a document begins inside the first. */
    @Test
    void shouldDifferentiateInputsWeightsAndBias() {
        try (check) {
            check.input(0, 1, 8, 3);
            Weight weight = check.weight("weight", 3, 1, 4);
            Weight bias = check.weight("bias", 3);
            Tensor documents = documents(0, 0, 1, 1, 0, 0, 0, 0);
            check.check(
                    2e-3,
                    (tape, x) -> ShortConvolution.of(
                            tape, x.getFirst(), weight, Optional.of(bias), true, 2, documents, Optional.empty()));
            documents.release();
        }
    }

    /** The columns before and behind are copied, and the last part has no gradient. */
    @Test
    void shouldFilterAPartOfAPackedMatrix() {
        try (check) {
            check.input(0, 1, 8, 7);
            Weight weight = check.weight("weight", 3, 1, 4);
            Tensor documents = documents(0, 0, 1, 1, 0, 0, 0, 0);
            check.check(2e-3, (tape, x) -> {
                List<Variable> parts = part(tape, x.getFirst(), weight, documents);
                return Columns.join(tape, parts.subList(0, 2));
            });
            documents.release();
        }
    }

    private static List<Variable> part(Tape tape, Variable x, Weight weight, Tensor documents) {
        return ShortConvolution.ofPart(
                tape, x, new int[] {2, 3, 2}, 1, weight, Optional.empty(), true, 2, documents, Optional.empty());
    }

    @Test
    void shouldRefusePartsThatTheFiltersDoNotFit() {
        try (check) {
            check.input(0, 1, 8, 7);
            Weight weight = check.weight("weight", 2, 1, 4);
            Tensor documents = documents(0, 0, 1, 1, 0, 0, 0, 0);
            assertThatThrownBy(() -> check.value((tape, x) ->
                            part(tape, x.getFirst(), weight, documents).getFirst()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("short_convolution: 2 filters can't filter a part of 3 columns; give one for each");
            documents.release();
        }
    }

    @Test
    void shouldGoOnFromAStateOverSingleTokens() {
        try (check) {
            check.input(0, 1, 5, 3);
            Weight weight = check.weight("weight", 3, 4);
            Tensor documents = documents(0, 0, 0, 0, 0);
            float[] whole = check.value((tape, x) -> ShortConvolution.of(
                    tape, x.getFirst(), weight, Optional.empty(), true, 1, documents, Optional.empty()));
            Tensor state = check.compute().memory().zeros(Category.ACTIVATIONS, DType.F32, Shape.of(1, 3, 3));
            float[] last = check.value((tape, x) -> {
                step(tape, x, weight, documents, state, 0, 3);
                step(tape, x, weight, documents, state, 3, 1);
                return step(tape, x, weight, documents, state, 4, 1);
            });
            state.release();
            documents.release();
            assertThat(last).containsExactly(whole[12], whole[13], whole[14]);
        }
    }

    private static Variable step(
            Tape tape, List<Variable> x, Weight weight, Tensor documents, Tensor state, int from, int tokens) {
        Variable rows = tape.leaf(x.getFirst().value().rows(from, tokens), false);
        return ShortConvolution.of(
                tape, rows, weight, Optional.empty(), true, 1, documents.rows(from, tokens), Optional.of(state));
    }

    @Test
    void shouldRefuseAStateOnARecordingTape() {
        try (check) {
            check.input(0, 1, 1, 1);
            Weight weight = check.weight("weight", 1, 2);
            Tensor documents = documents(0);
            Tensor state = check.compute().memory().zeros(Category.ACTIVATIONS, DType.F32, Shape.of(1, 1, 1));
            assertThatThrownBy(() -> check.check(
                            1,
                            (tape, x) -> ShortConvolution.of(
                                    tape,
                                    x.getFirst(),
                                    weight,
                                    Optional.empty(),
                                    true,
                                    1,
                                    documents,
                                    tape.recording() ? Optional.of(state) : Optional.empty())))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("short_convolution: a state is for tapes that don't record");
            state.release();
            documents.release();
        }
    }
}
