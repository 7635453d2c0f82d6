package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.GroupNorm.Gating;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Weight halves in a queue may run when the values of the weights have been given back: they give the same bits. */
class WaitingWeightHalvesTest {
    private static final int ROWS = 5;
    private static final int COLUMNS = 6;

    private final GradientCheck check = new GradientCheck();
    private final Compute compute = check.compute();
    private final Tensor documents = compute.memory().zeros(Category.WORKSPACE, DType.I32, Shape.of(ROWS));

    @AfterEach
    void giveBack() {
        documents.release();
        check.close();
    }

    @Test
    void shouldConvolve() {
        Weight weight = check.weight("weight", COLUMNS, 1, 4);
        Weight bias = check.weight("bias", COLUMNS);
        assertSame(
                List.of(weight, bias),
                (tape, x) ->
                        ShortConvolution.of(tape, x, weight, Optional.of(bias), true, 1, documents, Optional.empty()));
    }

    @Test
    void shouldConvolveAPart() {
        Weight weight = check.weight("weight", COLUMNS - 2, 1, 4);
        assertSame(List.of(weight), (tape, x) -> {
            int[] widths = {2, COLUMNS - 2};
            List<Variable> parts = ShortConvolution.ofPart(
                    tape, x, widths, 1, weight, Optional.empty(), true, 1, documents, Optional.empty());
            return Columns.join(tape, parts);
        });
    }

    @Test
    void shouldNormaliseGroupsThatShareAWeight() {
        Weight weight = check.weight("weight", 3);
        assertSame(
                List.of(weight),
                (tape, x) -> Norms.gatedRms(tape, x, x, Gating.SILU_AFTER, Optional.of(weight), 3, 1e-5f));
    }

    @Test
    void shouldNormaliseAndShiftGroups() {
        Weight weight = check.weight("weight", COLUMNS);
        Weight bias = check.weight("bias", COLUMNS);
        assertSame(List.of(weight, bias), (tape, x) -> Norms.group(tape, x, weight, bias, 3, 1e-5f));
    }

    @Test
    void shouldMixWithTheTokenBefore() {
        Weight mu = check.weight("mu", COLUMNS);
        assertSame(
                List.of(mu),
                (tape, x) -> TokenShift.mix(tape, x, List.of(mu), 1, documents, Optional.empty())
                        .getFirst());
    }

    @Test
    void shouldScaleColumnsAndAddABias() {
        Weight factors = check.weight("factors", COLUMNS);
        Weight bias = check.weight("bias", COLUMNS);
        assertSame(
                List.of(factors, bias),
                (tape, x) -> Pointwise.plusBias(tape, Pointwise.scaleColumns(tape, x, factors), bias));
    }

    @Test
    void shouldDecayByLearnedRates() {
        Weight rates = check.weight("rates", 2);
        assertSame(List.of(rates), (tape, x) -> Pointwise.decay(tape, x, rates));
    }

    private void assertSame(List<Weight> weights, BiFunction<Tape, Variable, Variable> operation) {
        check.value((tape, _) -> tape.constant(row(tape))); // gives the weights their values
        List<float[]> atOnce = gradients(weights, null, operation);
        assertThat(atOnce).allSatisfy(gradient -> assertThat(gradient[0]).isNotZero());
        List<float[]> later = gradients(weights, new WeightQueue(), operation);
        for (int i = 0; i < atOnce.size(); i++) {
            assertThat(later.get(i)).containsExactly(atOnce.get(i));
        }
    }

    private List<float[]> gradients(
            List<Weight> weights, WeightQueue queue, BiFunction<Tape, Variable, Variable> operation) {
        weights.forEach(weight -> weight.gradient().zero());
        try (Tape tape = Tape.training(compute, DType.F32, queue)) {
            Tensor value = rows();
            Variable x = tape.leaf(value, true);
            tape.backward(operation.apply(tape, x), value);
            x.passedGradient().orElseThrow().release();
        }
        if (queue != null) {
            List<Tensor> values = new ArrayList<>();
            for (Weight weight : weights) {
                values.add(weight.compute());
                weight.setCompute(null);
            }
            queue.run();
            for (int i = 0; i < weights.size(); i++) {
                weights.get(i).setCompute(values.get(i));
            }
        }
        return weights.stream().map(weight -> weight.gradient().toFloats()).toList();
    }

    private Tensor rows() {
        Tensor rows = compute.memory().zeros(Category.ACTIVATIONS, DType.F32, Shape.of(ROWS, COLUMNS));
        for (int i = 0; i < rows.count(); i++) {
            rows.set(i, (float) Math.sin(i + 1));
        }
        return rows;
    }

    private static Tensor row(Tape tape) {
        return tape.output(DType.F32, Shape.of(1, 1));
    }
}
