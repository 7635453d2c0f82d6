package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** The bias goes up for experts with less than the mean and down for those with more. */
class BiasRuleTest {
    @Test
    void shouldMoveByTheRateWhateverTheDistance() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Tensor bias = fixture.floats(new double[][] {{0.5, 0.5, 0.5, 0.5}});
            new BiasRule(0.25).update(bias, 0, new long[] {0, 5, 7, 8});
            // The mean is 5.
            assertThat(bias.toFloats()).containsExactly(0.75f, 0.5f, 0.25f, 0.25f);
        }
    }

    @Test
    void shouldCompareWithAMeanThatIsNoWholeNumber() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Tensor bias = fixture.zeros(DType.F32, 3);
            new BiasRule(1).update(bias, 0, new long[] {3, 3, 4});
            assertThat(bias.toFloats()).containsExactly(1, 1, -1);
        }
    }

    @Test
    void shouldMoveThePartThatARankHolds() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Tensor bias = fixture.zeros(DType.F32, 2);
            new BiasRule(1).update(bias, 2, new long[] {0, 5, 7, 4});
            // Experts 2 and 3; the mean is 4.
            assertThat(bias.toFloats()).containsExactly(-1, 0);
        }
    }

    @Test
    void shouldRefuseCountsOfAnotherNumberOfExperts() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Tensor bias = fixture.zeros(DType.F32, 3);
            assertThatThrownBy(() -> new BiasRule(1).update(bias, 0, new long[2]))
                    .hasMessage("the bias is of experts 0 to 2, the counts are of 2");
        }
    }
}
