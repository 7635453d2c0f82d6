package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.tensor.parameters.Weight;
import org.junit.jupiter.api.Test;

class LowerBoundsTest {
    @Test
    void shouldGrowWithTheLayer() {
        try (GradientCheck check = new GradientCheck().input(0, 1, 1, 1)) {
            Weight weight = check.weight("bounds", 4, 1);
            float[] forms = check.value((tape, x) -> {
                weight.compute().setFloats(new float[] {2, 2, 2, 2});
                return LowerBounds.of(tape, weight);
            });
            // Equal shares of a quarter: bounds 0, 1/4, 1/2 and 3/4, of which the first has no logarithm.
            double[] expected = {0, Math.log(0.25), Math.log(0.5), Math.log(0.75), 1, 0.75, 0.5, 0.25};
            for (int i = 0; i < expected.length; i++) {
                assertThat((double) forms[i]).isCloseTo(expected[i], within(1e-6));
            }
        }
    }

    @Test
    void shouldDifferentiateBoundsAndWhatTokensShare() {
        try (GradientCheck check = new GradientCheck().input(0, 1, 5, 3)) {
            Weight weight = check.weight("bounds", 4, 3);
            check.check(2e-3, (tape, x) -> {
                Variable forms = LowerBounds.of(tape, weight);
                Variable raised = RowVectors.plus(tape, x.getFirst(), RowVectors.row(tape, forms, 2));
                Variable low = RowVectors.multiply(tape, x.getFirst(), RowVectors.row(tape, forms, 1));
                Variable scaled = RowVectors.multiply(tape, raised, RowVectors.row(tape, forms, 4 + 3));
                return Pointwise.add(tape, scaled, low);
            });
        }
    }
}
