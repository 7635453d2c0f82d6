package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.Weight;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The token before on a tape: three tokens of one document and one of another. The kernels have tests of their own. */
class TokenShiftTest {
    private final GradientCheck check = new GradientCheck();
    private final Compute compute = check.compute();

    private Tensor documents() {
        Tensor documents = compute.memory().zeros(Category.ACTIVATIONS, DType.I32, Shape.of(4));
        documents.setInts(new int[] {0, 0, 0, 1});
        return documents;
    }

    @Test
    void shouldDifferentiateTheTokenBefore() {
        try (check) {
            check.input(0, 1, 4, 3);
            Tensor documents = documents();
            check.check(1e-3, (tape, x) -> TokenShift.of(tape, x.getFirst(), 1, documents, Optional.empty()));
            documents.release();
        }
    }

    /** Both mixtures of one x, and x itself, come together in the result. */
    @Test
    void shouldDifferentiateMixturesThatShareTheirInput() {
        try (check) {
            check.input(0, 1, 4, 3);
            List<Weight> mus = List.of(check.weight("mu.0", 3), check.weight("mu.1", 3));
            Tensor documents = documents();
            check.check(3e-3, (tape, x) -> {
                List<Variable> mixed = TokenShift.mix(tape, x.getFirst(), mus, 1, documents, Optional.empty());
                Variable product = Pointwise.multiply(tape, mixed.getFirst(), mixed.getLast());
                return Pointwise.add(tape, product, x.getFirst());
            });
            documents.release();
        }
    }

    /** The first of the two is used twice, the second one not at all. */
    @Test
    void shouldPassGradientsOfTheMixturesThatAreUsed() {
        try (check) {
            check.input(0, 1, 4, 3);
            Weight used = check.weight("used", 3);
            Tensor documents = documents();
            check.check(3e-3, (tape, x) -> {
                List<Variable> mixed =
                        TokenShift.mix(tape, x.getFirst(), List.of(used, used), 1, documents, Optional.empty());
                return Pointwise.add(tape, mixed.getFirst(), mixed.getFirst());
            });
            documents.release();
        }
    }

    @Test
    void shouldRunWeightHalvesLaterWithTheSameBits() {
        try (check) {
            check.input(0, 1, 4, 3);
            Weight mu = check.weight("mu", 3);
            check.value((tape, x) -> x.getFirst());
            float[] atOnce = weightGradient(mu, null);
            mu.gradient().zero();
            WeightQueue queue = new WeightQueue();
            assertThat(weightGradient(mu, queue)).containsOnly(0);
            queue.run();
            assertThat(mu.gradient().toFloats()).containsExactly(atOnce);
        }
    }

    private float[] weightGradient(Weight mu, WeightQueue queue) {
        Tensor documents = documents();
        try (Tape tape = Tape.training(compute, DType.F32, queue)) {
            Tensor value = rows();
            Variable x = tape.leaf(value, true);
            Variable mixed = TokenShift.mix(tape, x, List.of(mu), 1, documents, Optional.empty())
                    .getFirst();
            tape.backward(mixed, value);
            x.passedGradient().orElseThrow().release();
        }
        documents.release();
        return mu.gradient().toFloats();
    }

    private Tensor rows() {
        Tensor rows = compute.memory().zeros(Category.ACTIVATIONS, DType.F32, Shape.of(4, 3));
        rows.setFloats(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
        return rows;
    }

    /** A tape that is closed without backward, or in the middle of one, gives back what it held. */
    @Test
    void shouldGiveBackWhatATapeWithoutBackwardHeld() {
        try (check) {
            Weight mu = check.weight("mu", 3);
            check.value((tape, x) -> tape.constant(row(tape)));
            Tensor documents = documents();
            Tensor value = rows();
            try (Tape tape = Tape.training(compute, DType.F32)) {
                TokenShift.mix(tape, tape.leaf(value, true), List.of(mu), 1, documents, Optional.empty());
            }
            value.release();
            documents.release();
            assertThat(compute.memory().live(Category.ACTIVATIONS)).isZero();
        }
    }

    private static Tensor row(Tape tape) {
        return tape.output(DType.F32, Shape.of(1, 1));
    }
}
