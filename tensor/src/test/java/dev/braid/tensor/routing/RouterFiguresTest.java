package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Figures of 16 tokens and 8 experts with logits 2 sin(0.7 (t+1) (e+1)), computed in f64 elsewhere; and of a router without opinion. */
class RouterFiguresTest {
    private static final int TOKENS = 16;
    private static final int EXPERTS = 8;

    private static BalanceLoss.Term switchLoss(Selection selection) {
        double[] sums = new double[EXPERTS];
        for (double[] token : RoutingFixture.doubles(selection.probabilities())) {
            for (int e = 0; e < EXPERTS; e++) {
                sums[e] += token[e];
            }
        }
        double[] counts =
                Arrays.stream(RoutingFixture.counts(selection)).asDoubleStream().toArray();
        return new SwitchLoss(false, false)
                .of(new BalanceLoss.Load(TOKENS, 2, new double[][] {sums}, new double[][] {counts}, Optional.empty()));
    }

    @Test
    void shouldSpreadSinesOverTheExperts() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Router.Inputs inputs = fixture.inputs(RoutingFixture.sines(TOKENS, EXPERTS));
            Selection selection = fixture.route(new SoftmaxRouter(2, true, 1), inputs);
            assertThat(RoutingFixture.counts(selection)).containsExactly(4, 4, 6, 4, 4, 5, 2, 3);
            assertThat(switchLoss(selection).value()).isCloseTo(1.0077772043, within(1e-6));
            assertThat(RouterZLoss.sum(inputs.logits().getFirst()) / TOKENS).isCloseTo(8.4686859052, within(1e-6));
        }
    }

    @Test
    void shouldHaveALossOfOneWithoutAnOpinion() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Router.Inputs inputs = fixture.inputs(new double[TOKENS][EXPERTS]);
            Selection selection = fixture.route(new SoftmaxRouter(2, true, 1), inputs);
            assertThat(switchLoss(selection).value()).isCloseTo(1, within(1e-6));
            // (ln 8)^2
            assertThat(RouterZLoss.sum(inputs.logits().getFirst()) / TOKENS).isCloseTo(4.3240770, within(1e-6));
        }
    }

    @Test
    void shouldWeighSigmoidsByTheirSum() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Router.Inputs inputs = fixture.inputs(RoutingFixture.sines(TOKENS, EXPERTS));
            Selection selection = fixture.route(new SigmoidRouter(2, true, 2.5f, 1, 1), inputs);
            assertThat(RoutingFixture.ints(selection.experts())[0]).containsExactly(1, 2);
            double[] weights = RoutingFixture.doubles(selection.weights())[0];
            assertThat(weights[0]).isCloseTo(1.2708161302, within(1e-6));
            assertThat(weights[1]).isCloseTo(1.2291838698, within(1e-6));
        }
    }

    @Test
    void shouldBalanceSigmoidsByABias() {
        try (RoutingFixture fixture = new RoutingFixture()) {
            Router router = new SigmoidRouter(2, true, 2.5f, 1, 1);
            Router.Inputs inputs = fixture.inputs(RoutingFixture.sines(TOKENS, EXPERTS));
            long[] before = RoutingFixture.counts(fixture.route(router, inputs));
            // The most that an expert gets beyond the mean of 4, over the mean: (6 - 4) / 4.
            assertThat(before).containsExactly(4, 4, 6, 4, 4, 5, 2, 3);
            Tensor bias = fixture.zeros(DType.F32, EXPERTS);
            new BiasRule(0.01).update(bias, 0, before);
            assertThat(bias.toFloats()).containsExactly(0, 0, -0.01f, 0, 0, -0.01f, 0.01f, 0.01f);
            double[] moved = new double[EXPERTS];
            Arrays.setAll(moved, bias::get);
            Selection after = fixture.route(router, fixture.biased(inputs, moved));
            assertThat(RoutingFixture.counts(after)).containsExactly(4, 4, 5, 3, 3, 5, 4, 4);
            // A bias changes who is chosen, not what a chosen expert weighs.
            assertThat(RoutingFixture.doubles(after.weights())[0][0]).isCloseTo(1.2708161302, within(1e-6));
        }
    }
}
