package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Sequences;
import dev.braid.tensor.parameters.Weight;
import dev.braid.tensor.routing.Router;
import dev.braid.tensor.routing.RowGroups;
import dev.braid.tensor.routing.Selection;
import dev.braid.tensor.routing.SoftmaxRouter;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a mixture of experts is made of, on a tape, by finite differences. The kernels have tests of their own. */
class ExpertOperationsTest {
    private static final int NONE = Selection.NONE;

    /** Four tokens, two slots, four experts: expert 2 has no token, token 3 no expert, token 1 one. */
    private static final int[] SELECTED = {3, 0, NONE, 3, 1, 0, NONE, NONE};

    private static final int TOKENS = 4;
    private static final int EXPERTS = 4;

    /** Experts 0, 1 and 3 each have a run of 16 rows. */
    private static final int ROWS = 48;

    private final GradientCheck check = new GradientCheck();
    private final Compute compute = check.compute();
    private final Tensor selected = ints(2, SELECTED);

    private Tensor ints(int columns, int... values) {
        Tensor tensor =
                compute.memory().zeros(Category.WORKSPACE, DType.I32, Shape.of(values.length / columns, columns));
        tensor.setInts(values);
        return tensor;
    }

    @AfterEach
    void close() {
        check.close();
    }

    private ExpertDispatch dispatch(Tape tape) {
        return ExpertDispatch.of(tape, selected, EXPERTS, 0);
    }

    @Test
    void shouldDifferentiateTheWayToTheExperts() {
        check.input(0, 1, TOKENS, 3);
        check.check(1e-3, (tape, x) -> dispatch(tape).dispatch(x.getFirst()));
    }

    @Test
    void shouldDifferentiateTheWayBack() {
        check.input(0, 1, ROWS, 3);
        check.input(0, 1, TOKENS, 3);
        check.check(1e-3, (tape, x) -> dispatch(tape).combine(x.getFirst(), x.getLast()));
    }

    @Test
    void shouldDifferentiateTheWeightsOfRows() {
        check.input(0, 1, TOKENS, 2);
        check.check(1e-3, (tape, x) -> dispatch(tape).weights(x.getFirst()).await());
    }

    /** The same tokens take both ways: their gradients come together. */
    @Test
    void shouldDifferentiateATokenThatIsItsOwnResidual() {
        check.input(0, 1, TOKENS, 3);
        check.check(1e-3, (tape, x) -> {
            ExpertDispatch dispatch = dispatch(tape);
            return dispatch.combine(dispatch.dispatch(x.getFirst()), x.getFirst());
        });
    }

    /** 3/4 of it at one expert and 1/4 at the other are the token; one without experts comes back as zero. */
    @Test
    void shouldGiveTokensBackThatExpertsLeaveAsTheyAre() {
        check.input(0, 1, TOKENS, 3);
        float[] out = check.value((tape, inputs) -> {
            Variable x = inputs.getFirst();
            for (int i = 0; i < x.value().count(); i++) {
                x.value().set(i, 4 * (i + 1));
            }
            Tensor factors = tape.output(DType.F32, Shape.of(TOKENS, 2));
            factors.setFloats(new float[] {0.75f, 0.25f, 9, 1, 0.25f, 0.75f, 9, 9});
            ExpertDispatch dispatch = dispatch(tape);
            Variable rows = Pointwise.scaleHeads(
                    tape,
                    dispatch.dispatch(x),
                    dispatch.weights(tape.constant(factors)).await());
            return dispatch.combine(rows, Variable.zerosLike(x));
        });
        assertThat(out).containsExactly(4, 8, 12, 16, 20, 24, 28, 32, 36, 0, 0, 0);
    }

    /** Groups of 17, no and two tokens, in runs of 32, no and 16 rows. */
    @Test
    void shouldDifferentiateWideningProducts() {
        RowGroups groups = RowGroups.of(new int[] {17, 0, 2});
        check.input(0, 1, groups.rows(), 4);
        Weight left = check.weight("left", 3, 4, 5);
        Weight right = check.weight("right", 3, 4, 5);
        check.check(2e-3, (tape, x) -> GroupedLinear.widen(tape, x.getFirst(), groups, left, right));
        assertThat(left.gradient().rows(1, 1).toFloats()).as("no tokens").containsOnly(0);
    }

    @Test
    void shouldDifferentiateNarrowingProducts() {
        RowGroups groups = RowGroups.of(new int[] {17, 0, 2});
        check.input(0, 1, groups.rows(), 5);
        Weight weight = check.weight("weight", 3, 4, 5);
        check.check(2e-3, (tape, x) -> GroupedLinear.narrow(tape, x.getFirst(), groups, weight));
    }

    /** Row 0 is [1, 2] and goes through the columns [3, 4] of the first matrix, row 16 through those of the second. */
    @Test
    void shouldMultiplyRowsByTheMatrixOfTheirExpert() {
        RowGroups groups = RowGroups.of(new int[] {1, 1});
        check.input(0, 1, groups.rows(), 2);
        Weight weight = check.weight("weight", 2, 2, 1);
        float[] out = check.value((tape, x) -> {
            x.getFirst().value().zero();
            x.getFirst().value().set(0, 1);
            x.getFirst().value().set(1, 2);
            x.getFirst().value().set(32, 1);
            x.getFirst().value().set(33, 2);
            weight.compute().setFloats(new float[] {3, 4, 50, 60});
            return GroupedLinear.widen(tape, x.getFirst(), groups, weight, weight);
        });
        assertThat(out[0]).isEqualTo(11);
        assertThat(out[1]).isEqualTo(11);
        assertThat(out[32]).isEqualTo(170);
        assertThat(out[2]).isZero();
    }

    @Test
    void shouldDifferentiateLogits() {
        check.input(0, 1, TOKENS, 6);
        Weight weight = check.weight("weight", EXPERTS, 6);
        check.check(1e-3, (tape, x) -> Routing.logits(tape, x.getFirst(), weight));
    }

    /** 1 + 2^-10 is no bf16: logits of bf16 tokens are f32 nevertheless. */
    @Test
    void shouldKeepLogitsInF32() {
        check.input(0, 0, 1, 1);
        Weight weight = check.weight("weight", 1, 2);
        float[] out = check.value((tape, x) -> {
            weight.compute().setFloats(new float[] {1, 0x1p-10f});
            Tensor ones = tape.output(DType.BF16, Shape.of(1, 2));
            ones.setFloats(new float[] {1, 1});
            return Routing.logits(tape, tape.constant(ones), weight);
        });
        assertThat(out).containsExactly(1 + 0x1p-10f);
    }

    @Test
    void shouldDifferentiateTheWeightsOfAChoice() {
        for (Router router : List.of(new SoftmaxRouter(2, true, 1.5f), new SoftmaxRouter(2, false, 1))) {
            try (GradientCheck own = new GradientCheck()) {
                own.input(0, 1, 3, EXPERTS);
                own.check(1e-3, (tape, x) -> weights(tape, x.getFirst(), router, 3, 0, 1, 3, 2, 1, 0));
            }
        }
    }

    /** Experts that were not chosen but are taken all the same: a replay. */
    private static Variable weights(Tape tape, Variable logits, Router router, int tokens, int... experts) {
        Compute compute = tape.compute();
        Tensor places = tape.output(DType.I32, Shape.of(tokens));
        places.zero();
        Router.Inputs inputs = new Router.Inputs(
                List.of(logits.value()), EXPERTS, Optional.empty(), places, Sequences.of(1, places), 0, true);
        Selection selection = new Selection(
                tape.output(DType.I32, Shape.of(tokens, 2)),
                tape.output(DType.F32, Shape.of(tokens, 2)),
                tape.output(DType.F32, Shape.of(tokens, EXPERTS)));
        router.choose(compute, inputs, selection);
        selection.experts().setInts(experts);
        router.weigh(compute, inputs, selection);
        Tensor none = tape.output(DType.F32, Shape.of(1, EXPERTS));
        none.zero();
        return Routing.weights(
                tape, List.of(logits), router, inputs, selection, new Routing.Auxiliary(none, Optional.empty(), 0));
    }

    /** {@code d(sum logsumexp^2)} of logits 0 and 0, factor 1: {@code 2 ln 2 * 1/2} each; probabilities with gradient 1 and 0. */
    @Test
    void shouldAddTheGradientsOfTheRoutersOwnLosses() {
        check.input(0, 0, 1, 2);
        Router router = new SoftmaxRouter(1, true, 1);
        try (Tape tape = Tape.training(compute, DType.F32)) {
            Tensor zeros = compute.memory().zeros(Category.WORKSPACE, DType.F32, Shape.of(1, 2));
            Variable logits = tape.leaf(zeros, true);
            Tensor place = compute.memory().zeros(Category.WORKSPACE, DType.I32, Shape.of(1));
            Router.Inputs inputs =
                    new Router.Inputs(List.of(zeros), 2, Optional.empty(), place, Sequences.of(1, place), 0, true);
            Selection selection = new Selection(
                    tape.output(DType.I32, Shape.of(1, 1)),
                    tape.output(DType.F32, Shape.of(1, 1)),
                    tape.output(DType.F32, Shape.of(1, 2)));
            router.choose(compute, inputs, selection);
            router.weigh(compute, inputs, selection);
            Tensor ofFirst = tape.output(DType.F32, Shape.of(1, 2));
            ofFirst.setFloats(new float[] {1, 0});
            Variable weights = Routing.weights(
                    tape,
                    List.of(logits),
                    router,
                    inputs,
                    selection,
                    new Routing.Auxiliary(ofFirst, Optional.empty(), 1));
            Tensor gradient = compute.memory().zeros(Category.ACTIVATIONS, DType.F32, Shape.of(1, 1));
            tape.backward(weights, gradient);
            Tensor passed = logits.passedGradient().orElseThrow();
            float log2 = (float) Math.log(2);
            assertThat(passed.get(0)).isEqualTo(log2 + 0.25f);
            assertThat(passed.get(1)).isEqualTo(log2 - 0.25f);
            passed.release();
        }
    }
}
